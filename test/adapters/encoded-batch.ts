import { RecordBatchEncoder } from '../../adapters/kafka/encode.ts';
import { SourceHeader } from '../../adapters/kafka/source-header.ts';
import { type OutgoingRecord, OutgoingRecords } from '../../core/outgoing-records.ts';

/** What a writer sends for these records of one partition, packed with zstd. */
export function encodedBatch(records: readonly OutgoingRecord[]): Buffer {
  const all = OutgoingRecords.of(records);
  const identity = { producerId: 1n, producerEpoch: 0 };
  const header = new SourceHeader('a.csv');
  return new RecordBatchEncoder().encode(all, [...records.keys()], 0, identity, 0, header).batch;
}
