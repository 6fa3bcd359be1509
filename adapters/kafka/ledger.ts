import type { LedgerEntry } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { KafkaCluster } from './connection.ts';
import { valuesIn } from './partition.ts';

/**
 * The newest entry of each ingestion, in the order in which the first of their entries that compaction has
 * left were written. None when there is no such topic.
 * @throws EventlakeError `log:stalled` when the broker gives nothing for two minutes though there is more
 *   before the end
 */
export async function readLedger(cluster: KafkaCluster, topic: string): Promise<LedgerEntry[]> {
  const [starts, ends] = await Promise.all([
    cluster.offsets([topic], 'earliest'),
    cluster.offsets([topic], 'latest'),
  ]);
  const to = ends.get(topic)?.[0] ?? 0n;
  const from = starts.get(topic)?.[0] ?? to;
  const entries = new Map<string, LedgerEntry>();
  for await (const value of valuesIn(cluster, { topic, partition: 0, from, to })) {
    const entry = parseEntry(value, topic);
    if (entry) entries.set(entry.ingestion, entry);
  }
  return [...entries.values()];
}

/**
 * What a record of the ledger says; null for a tombstone.
 * @throws EventlakeError `log:corrupt`
 */
export function parseEntry(value: Buffer | null, topic: string): LedgerEntry | null {
  if (value === null) return null;
  try {
    return JSON.parse(value.toString()) as LedgerEntry;
  } catch (cause) {
    throw new EventlakeError(
      'log:corrupt',
      `Topic ${topic} holds something that is not an entry of the ledger.`,
      {
        hint: 'Only eventlake may write to this topic. Reset the dataset and ingest it again.',
        cause,
      },
    );
  }
}
