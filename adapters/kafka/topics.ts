import { setTimeout as sleep } from 'node:timers/promises';
import { createTopicsV7, deleteTopicsV6 } from '@platformatic/kafka';
import type { Stream } from '../../core/contracts.ts';
import type { KafkaCluster, KafkaTopic } from './connection.ts';
import { kafkaErrorNames } from './errors.ts';

/** The topics of one dataset. `ingestions` is the ledger. */
export interface KafkaTopics {
  readonly events: string;
  readonly deadLetters: string;
  readonly ingestions: string;
}

const ADMIN_MS = 30_000;
/** The broker's own setting. */
const DEFAULT_REPLICAS = -1;
/** Keeps the newest entry of each ingestion. Segments are small because the newest one is never compacted. */
const LEDGER_CONFIG = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(16 * 1024 * 1024) },
];

/** The topics that belong to the topic of a dataset's events. */
export function topicsOf(topic: string): KafkaTopics {
  return { events: topic, deadLetters: `${topic}.dead-letters`, ingestions: `${topic}.ingestions` };
}

/** The topics that readers read, and the stream that each one is. */
export function streamTopics({ events, deadLetters }: KafkaTopics): Map<string, Stream> {
  return new Map([
    [events, 'events'],
    [deadLetters, 'dead-letters'],
  ]);
}

/** Makes those topics that are missing, and answers with the topic of the events. */
export async function createTopics(
  cluster: KafkaCluster,
  { events, deadLetters, ingestions }: KafkaTopics,
  partitions: number,
): Promise<KafkaTopic> {
  const names = [events, deadLetters, ingestions];
  const present = await cluster.topics(names);
  const wanted = names
    .filter((name) => !present.has(name))
    .map((name) => ({
      name,
      numPartitions: name === events ? partitions : 1,
      replicationFactor: DEFAULT_REPLICAS,
      assignments: [],
      configs: name === ingestions ? LEDGER_CONFIG : [],
    }));
  if (wanted.length > 0) {
    await createTopicsV7.api
      .async(await cluster.any(), wanted, ADMIN_MS, false)
      .catch(unlessOnly('TOPIC_ALREADY_EXISTS'));
    await everywhere(cluster, names, (found) => names.every((name) => found.has(name)));
    // A partition is announced a little before its leader takes records.
    await cluster.offsets(names, 'latest');
  }
  const made = (await cluster.topics([events])).get(events);
  if (!made) throw new Error(`topic ${events} was deleted meanwhile`);
  return made;
}

/** Deletes the topics and waits until they are gone. */
export async function deleteTopics(cluster: KafkaCluster, topics: KafkaTopics): Promise<void> {
  const names = Object.values(topics);
  const present = [...(await cluster.topics(names)).keys()].map((name) => ({ name }));
  if (present.length === 0) return;
  await deleteTopicsV6.api
    .async(await cluster.any(), present, ADMIN_MS)
    .catch(unlessOnly('UNKNOWN_TOPIC_OR_PARTITION'));
  await everywhere(cluster, names, (found) => found.size === 0);
}

/** Waits until every broker has heard of a change of topics. */
async function everywhere(
  cluster: KafkaCluster,
  names: readonly string[],
  changed: (found: Map<string, KafkaTopic>) => boolean,
): Promise<void> {
  const deadline = Date.now() + ADMIN_MS;
  for (const id of cluster.brokerIds()) {
    while (!changed(await cluster.topics(names, id))) {
      if (Date.now() > deadline) throw new Error(`broker ${id} has not heard of it`);
      await sleep(20);
    }
  }
}

/** Passes over errors that are all of this kind: another process was faster. */
function unlessOnly(harmless: string): (error: unknown) => void {
  return (error) => {
    const names = [...kafkaErrorNames(error)];
    if (names.length === 0 || names.some((name) => name !== harmless)) throw error;
  };
}
