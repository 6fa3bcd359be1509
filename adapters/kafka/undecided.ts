import { setTimeout as sleep } from 'node:timers/promises';
import { FetchIsolationLevels } from '@platformatic/kafka';
import { EventlakeError } from '../../core/errors.ts';
import type { KafkaCluster } from './connection.ts';
import { parseEntry, readLedger } from './ledger.ts';
import { type PartitionPart, valuesIn } from './partition.ts';
import type { KafkaTopics } from './topics.ts';

/** How long the markers of a transaction that has ended may be on their way to the ledger. */
const DECIDED_MS = 10_000;
const PAUSE_MS = 20;
const { READ_UNCOMMITTED } = FetchIsolationLevels;

/**
 * Waits until no transaction is open in the ledger: an entry of an open one could become visible after a
 * file's beginning was looked for, and its chunk would be written twice. Only writers of one transactional id
 * write there, and the newest of them asks.
 * @returns the parts of these topics' partitions that readers of committed records do not see yet, when one
 *   is still open after ten seconds
 */
export async function undecidedPartitions(
  cluster: KafkaCluster,
  topics: KafkaTopics,
): Promise<PartitionPart[]> {
  const deadline = Date.now() + DECIDED_MS;
  for (;;) {
    if ((await openPartitions(cluster, [topics.ingestions])).length === 0) return [];
    if (Date.now() > deadline) return openPartitions(cluster, Object.values(topics));
    await sleep(PAUSE_MS);
  }
}

async function openPartitions(cluster: KafkaCluster, names: readonly string[]): Promise<PartitionPart[]> {
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
 * Checks that the chunk of an open transaction was committed nowhere, so that it can be aborted as a whole:
 * all of its records are in the open partitions. A broker that was killed may forget a transaction, and then
 * nobody ends it: seen with Kafka 4.3.1.
 * @throws EventlakeError `log:stalled` when some of the chunk is decided already, and only a person can tell
 *   how
 */
export async function requireWhollyOpen(
  cluster: KafkaCluster,
  topics: KafkaTopics,
  open: readonly PartitionPart[],
): Promise<void> {
  const values = async (name: string) => {
    const found: (Buffer | null)[] = [];
    for (const part of open.filter(({ topic }) => topic === name))
      for await (const value of valuesIn(cluster, part, READ_UNCOMMITTED)) found.push(value);
    return found;
  };
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

/** The error of a transaction that stays open in the ledger. */
export function stalled({ ingestions }: KafkaTopics): EventlakeError {
  return new EventlakeError(
    'log:stalled',
    `A transaction is open in topic ${ingestions}, and does not end; what it wrote elsewhere is decided in part.`,
    {
      hint: 'Look for the transaction with kafka-transactions.sh find-hanging. Or start over: eventlake reset --yes, then ingest again.',
    },
  );
}
