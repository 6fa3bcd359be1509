import { setTimeout as sleep } from 'node:timers/promises';
import { FetchIsolationLevels } from '@platformatic/kafka';
import { EventlakeError } from '../../core/errors.ts';
import type { KafkaCluster } from './connection.ts';
import { decodeRecords } from './decode.ts';
import { fetchBatches } from './fetch.ts';
import { parseEntry, readLedger } from './ledger.ts';
import type { KafkaTopics } from './topics.ts';

/** How long the markers of a transaction that has ended may be on their way to the ledger. */
const DECIDED_MS = 10_000;
const PAUSE_MS = 20;

/** A partition with records of a transaction that has no end, neither a commit nor an abort. */
export interface UndecidedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that readers of committed records do not see, and the one after the last. */
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Waits until no transaction is open in the ledger: an entry of an open one could become visible after a file's beginning was looked for,
 * and its chunk would be written twice. Only writers of one transactional id write there, and the newest of them asks.
 * @returns the partitions of these topics in which one is still open after ten seconds
 */
export async function undecidedPartitions(
  cluster: KafkaCluster,
  topics: KafkaTopics,
): Promise<UndecidedPartition[]> {
  const deadline = Date.now() + DECIDED_MS;
  for (;;) {
    if ((await openPartitions(cluster, [topics.ingestions])).length === 0) return [];
    if (Date.now() > deadline) return openPartitions(cluster, Object.values(topics));
    await sleep(PAUSE_MS);
  }
}

async function openPartitions(
  cluster: KafkaCluster,
  names: readonly string[],
): Promise<UndecidedPartition[]> {
  const written = await cluster.offsets(names, 'written');
  const readable = await cluster.offsets(names, 'latest');
  return [...written].flatMap(([topic, ends]) =>
    ends.flatMap((to, partition) => {
      const from = readable.get(topic)?.[partition] ?? 0n;
      return from < to ? [{ topic, partition, from, to }] : [];
    }),
  );
}

/**
 * Checks that the chunk of an open transaction was committed nowhere, so that it can be aborted as a whole: all of its records are in the
 * open partitions. A broker that was killed may forget a transaction, and then nobody ends it: seen with Kafka 4.3.1.
 * @throws EventlakeError `log:stalled` when some of the chunk is decided already, and only a person can tell how
 */
export async function requireWhollyOpen(
  cluster: KafkaCluster,
  topics: KafkaTopics,
  open: readonly UndecidedPartition[],
): Promise<void> {
  const values = async (name: string) =>
    (
      await Promise.all(open.filter(({ topic }) => topic === name).map((one) => valuesOf(cluster, one)))
    ).flat();
  const entries = (await values(topics.ingestions)).map((value) => parseEntry(value, topics.ingestions));
  const [entry] = entries;
  const before = (await readLedger(cluster, topics.ingestions)).find(
    ({ ingestion }) => ingestion === entry?.ingestion,
  );
  const grown = (count: 'events' | 'deadLetters') => (entry?.[count] ?? 0) - (before?.[count] ?? 0);
  const isWhole =
    entries.length === 1 &&
    (await values(topics.events)).length === grown('events') &&
    (await values(topics.deadLetters)).length === grown('deadLetters');
  if (!isWhole) throw stalled(topics);
}

async function valuesOf(
  cluster: KafkaCluster,
  { topic, partition, from, to }: UndecidedPartition,
): Promise<(Buffer | null)[]> {
  const values: (Buffer | null)[] = [];
  for (let offset = from; offset < to; ) {
    const batches = await cluster.persist(async () => {
      const found = (await cluster.topics([topic])).get(topic);
      const leader = await cluster.broker(found?.leaders[partition] ?? -1);
      const positions = [{ topicId: found?.id ?? '', partition, offset }];
      const [answer] = await fetchBatches(leader, positions, 0, FetchIsolationLevels.READ_UNCOMMITTED);
      if (answer?.error) throw answer.error;
      return answer?.batches ?? [];
    });
    if (batches.length === 0) break;
    for (const batch of batches) {
      if (batch.committed) values.push(...decodeRecords(batch, offset).values);
      offset = batch.next;
    }
  }
  return values;
}

/** The error of a transaction that stays open in the ledger. */
export function stalled({ ingestions }: KafkaTopics): EventlakeError {
  return new EventlakeError(
    'log:stalled',
    `A transaction is open in topic ${ingestions}, and does not end; what it wrote elsewhere is decided in part.`,
    {
      hint: 'Look for the transaction with kafka-transactions.sh find-hanging. Or begin anew: eventlake reset --yes, then ingest again.',
    },
  );
}
