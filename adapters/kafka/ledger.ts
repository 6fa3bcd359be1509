import type { LedgerEntry } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { KafkaCluster } from './connection.ts';
import { decodeRecords, type PackedBatch } from './decode.ts';
import { fetchBatches } from './fetch.ts';

const WAIT_MS = 500;
/** A broker that throttles answers with nothing for a while: no answer but the end offset says that this was all. */
const PATIENCE_MS = 120_000;

/**
 * The newest entry of each ingestion, in the order in which the first of their entries that compaction has left were written.
 * None when there is no such topic.
 * @throws EventlakeError `log:stalled` when the broker gives nothing for two minutes though there is more before the end
 */
export async function readLedger(cluster: KafkaCluster, topic: string): Promise<LedgerEntry[]> {
  const [starts, ends] = await Promise.all([
    cluster.offsets([topic], 'earliest'),
    cluster.offsets([topic], 'latest'),
  ]);
  const end = ends.get(topic)?.[0] ?? 0n;
  let offset = starts.get(topic)?.[0] ?? end;
  const entries = new Map<string, LedgerEntry>();
  for (let heard = Date.now(); offset < end; ) {
    const batches = await fetchFrom(cluster, topic, offset);
    if (batches.length > 0) heard = Date.now();
    else if (Date.now() - heard > PATIENCE_MS) throw stalled(topic, offset, end);
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
    const found = (await cluster.topics([topic])).get(topic);
    const [answer] = await fetchBatches(
      await cluster.broker(found?.leaders[0] ?? -1),
      [{ topicId: found?.id ?? '', partition: 0, offset }],
      WAIT_MS,
    );
    if (answer?.error) throw answer.error;
    return answer?.batches ?? [];
  });
}

function stalled(topic: string, offset: bigint, end: bigint): EventlakeError {
  return new EventlakeError(
    'log:stalled',
    `Kafka gives no more records of topic ${topic} at offset ${offset}, though it ends at ${end}.`,
    { hint: 'Is the client throttled by a quota (consumer_byte_rate)? Run again later.', retriable: true },
  );
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
