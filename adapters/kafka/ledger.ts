import type { LedgerEntry } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { KafkaCluster } from './connection.ts';
import { decodeRecords, type PackedBatch } from './decode.ts';
import { fetchBatches } from './fetch.ts';

const WAIT_MS = 500;
/** Compaction may leave nothing below the end; a broker that throttles also answers with nothing. */
const EMPTY_ANSWERS = 3;

/**
 * The newest entry of each ingestion, in the order in which the first of their entries that compaction has left were written.
 * None when there is no such topic.
 */
export async function readLedger(cluster: KafkaCluster, topic: string): Promise<LedgerEntry[]> {
  const [starts, ends] = await Promise.all([
    cluster.offsets([topic], 'earliest'),
    cluster.offsets([topic], 'latest'),
  ]);
  const end = ends.get(topic)?.[0] ?? 0n;
  let offset = starts.get(topic)?.[0] ?? end;
  const entries = new Map<string, LedgerEntry>();
  for (let empty = 0; offset < end && empty < EMPTY_ANSWERS; ) {
    const batches = await fetchFrom(cluster, topic, offset);
    empty = batches.length === 0 ? empty + 1 : 0;
    for (const batch of batches) {
      if (batch.committed) {
        for (const value of decodeRecords(batch, offset).values) {
          const entry = parseEntry(value, topic);
          if (entry) entries.set(entry.ingestion, entry);
        }
      }
      offset = batch.next;
    }
  }
  return [...entries.values()];
}

function fetchFrom(cluster: KafkaCluster, topic: string, offset: bigint): Promise<readonly PackedBatch[]> {
  return cluster.persist(async () => {
    const leader = (await cluster.topics([topic])).get(topic)?.leaders[0] ?? -1;
    const [answer] = await fetchBatches(
      await cluster.broker(leader),
      [{ topic, partition: 0, offset }],
      WAIT_MS,
    );
    if (answer?.error) throw answer.error;
    return answer?.batches ?? [];
  });
}

function parseEntry(value: Buffer | null, topic: string): LedgerEntry | null {
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
