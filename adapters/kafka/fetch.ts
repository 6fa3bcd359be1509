import {
  type Connection,
  createAPI,
  FetchIsolationLevels,
  fetchV13,
  ProtocolError,
  type Reader,
} from '@platformatic/kafka';
import { type PackedBatch, splitBatches } from './decode.ts';

/** From where on a partition is wanted. */
export interface FetchPosition {
  /** The topic's id, not its name: a topic that was deleted and made again is another one. */
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** What came of one partition. */
export interface FetchedPartition {
  readonly topicId: string;
  readonly partition: number;
  /** Of the broker, or because what it sent is damaged. */
  readonly error: Error | null;
  readonly batches: readonly PackedBatch[];
}

const RESPONSE_BYTES = 4 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;

/**
 * Asks the leader of these partitions for the batches that follow, up to the first transaction that is still
 * open (with the isolation READ_UNCOMMITTED: all). The answer comes when there are any, or after `waitMs`. It
 * is about 4 MB at most, as packed by the writers.
 *
 * The library's own reader is not used: it hands on records of an aborted transaction when the end of the
 * transaction is not in the same answer (as of 2.12.1), and does not show which offsets hold no records.
 */
export async function fetchBatches(
  leader: Connection,
  positions: readonly FetchPosition[],
  waitMs: number,
  isolation: number = FetchIsolationLevels.READ_COMMITTED,
): Promise<FetchedPartition[]> {
  const topics = Map.groupBy(positions, ({ topicId }) => topicId);
  const wanted = [...topics].map(([topicId, list]) => ({
    topicId,
    partitions: list.map(({ partition, offset }) => ({
      partition,
      fetchOffset: offset,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: PARTITION_BYTES,
    })),
  }));
  return fetch.async(leader, waitMs, 1, RESPONSE_BYTES, isolation, 0, -1, wanted, [], '');
}

const fetch = createAPI<Parameters<typeof fetchV13.createRequest>, FetchedPartition[]>(
  fetchV13.api.key,
  fetchV13.api.version,
  fetchV13.createRequest,
  parseResponse,
);

/**
 * Fetch Response (version 13) => throttle_time_ms error_code session_id [topic_id [partition error_code
 * high_watermark last_stable_offset log_start_offset [producer_id first_offset] preferred_read_replica
 * records]]
 */
function parseResponse(_id: number, _key: number, _version: number, reader: Reader): FetchedPartition[] {
  reader.readInt32(); // throttle time
  const failure = reader.readInt16();
  if (failure !== 0) throw new ProtocolError(failure);
  reader.readInt32(); // session
  const fetched: FetchedPartition[] = [];
  reader.readArray(() => {
    const topicId = reader.readUUID();
    reader.readArray(() => {
      const partition = reader.readInt32();
      const errorCode = reader.readInt16();
      reader.skip(3 * 8); // high watermark, last stable offset, log start offset
      const aborted = reader.readNullableArray((r) => ({
        producerId: r.readInt64(),
        firstOffset: r.readInt64(),
      }));
      reader.readInt32(); // preferred replica
      const records = reader.readBytes();
      let error: Error | null = errorCode === 0 ? null : new ProtocolError(errorCode);
      let batches: PackedBatch[] = [];
      try {
        batches = splitBatches(records, aborted ?? []);
      } catch (cause) {
        error = cause as Error;
      }
      fetched.push({ topicId, partition, error, batches });
    });
  });
  return fetched;
}
