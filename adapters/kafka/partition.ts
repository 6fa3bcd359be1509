import { FetchIsolationLevels } from '@platformatic/kafka';
import { EventlakeError } from '../../core/errors.ts';
import type { KafkaCluster } from './connection.ts';
import { decodeRecords, type PackedBatch } from './decode.ts';
import { fetchBatches } from './fetch.ts';

const WAIT_MS = 500;
/**
 * A broker that throttles answers with nothing for a while: no answer but the end offset says that this was
 * all.
 */
const PATIENCE_MS = 120_000;

/** Offsets `from` up to, not including, `to` of one partition. */
export interface PartitionPart {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * The values of the committed records in a part of a partition, with the isolation READ_UNCOMMITTED also
 * those of open transactions.
 * @throws EventlakeError `log:stalled` when the broker gives nothing for two minutes though there is more
 *   before the end
 */
export async function* valuesIn(
  cluster: KafkaCluster,
  part: PartitionPart,
  isolation: number = FetchIsolationLevels.READ_COMMITTED,
): AsyncGenerator<Buffer | null> {
  let offset = part.from;
  for (let heard = Date.now(); offset < part.to; ) {
    const batches = await fetchFrom(cluster, part, offset, isolation);
    if (batches.length > 0) heard = Date.now();
    else if (Date.now() - heard > PATIENCE_MS) throw stalled(part, offset);
    for (const batch of batches) {
      if (batch.committed) yield* decodeRecords(batch, offset).values;
      offset = batch.next;
    }
  }
}

function fetchFrom(
  cluster: KafkaCluster,
  { topic, partition }: PartitionPart,
  offset: bigint,
  isolation: number,
): Promise<readonly PackedBatch[]> {
  return cluster.persist(async () => {
    const found = (await cluster.topics([topic])).get(topic);
    const leader = await cluster.broker(found?.leaders[partition] ?? -1);
    const position = { topicId: found?.id ?? '', partition, offset };
    const [answer] = await fetchBatches(leader, [position], WAIT_MS, isolation);
    if (answer?.error) throw answer.error;
    return answer?.batches ?? [];
  });
}

function stalled({ topic, to }: PartitionPart, offset: bigint): EventlakeError {
  return new EventlakeError(
    'log:stalled',
    `Kafka gives no more records of topic ${topic} at offset ${offset}, though it ends at ${to}.`,
    { hint: 'Is the client throttled by a quota (consumer_byte_rate)? Run again later.', retriable: true },
  );
}
