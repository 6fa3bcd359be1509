import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { crc32c } from '@platformatic/kafka';
import { BATCH, CONTROL, TRANSACTIONAL } from '../../adapters/kafka/batch.ts';
import { splitBatches, UnpackedRecords } from '../../adapters/kafka/decode.ts';
import { BatchQueue } from '../../adapters/kafka/queue.ts';
import { encodedBatch } from './encoded-batch.ts';

const FEW = 500;
const MANY = 16_000;
/** How much longer many may take than as many in small queues: a quadratic reader takes 20 times as long. */
const SLACK = 8;

/** A transaction of one record, not compressed, and its end, as a partition holds them. */
function transaction(): Buffer {
  const packed = encodedBatch([{ partition: 0, key: null, value: Buffer.from('{"n":1}') }]);
  const records = zstdDecompressSync(packed.subarray(BATCH.RECORDS));
  const batch = Buffer.concat([packed.subarray(0, BATCH.RECORDS), records]);
  return Buffer.concat(
    [TRANSACTIONAL, TRANSACTIONAL | CONTROL].map((attributes) => withAttributes(batch, attributes)),
  );
}

function withAttributes(of: Buffer, attributes: number): Buffer {
  const batch = Buffer.from(of);
  batch.writeInt32BE(batch.length - BATCH.LEADER_EPOCH, BATCH.LENGTH);
  batch.writeInt16BE(attributes, BATCH.ATTRIBUTES);
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH.ATTRIBUTES)), BATCH.CHECKSUM);
  return batch;
}

/** So many transactions one after the other; a batch's offset is not part of its checksum. */
function transactions(count: number): Buffer {
  const one = transaction();
  const all = Buffer.alloc(one.length * count, one);
  for (let i = 0; i < count * 2; i++)
    all.writeBigInt64BE(BigInt(i), (i * one.length) / 2 + BATCH.BASE_OFFSET);
  return all;
}

/** Reads the transactions, every second of which was aborted, and answers with how many records there are. */
function read(bytes: Buffer, count: number): number {
  const aborted = Array.from({ length: count / 2 }, (_, i) => ({
    producerId: 1n,
    firstOffset: BigInt(i * 4),
  }));
  const waiting = new BatchQueue();
  waiting.add(splitBatches(bytes, aborted));
  let records = 0;
  for (let batch = waiting.first; batch; batch = waiting.first) {
    const unpacked = new UnpackedRecords();
    if (batch.committed) unpacked.add(batch, 0n);
    records += unpacked.values.length;
    // The fetcher asks how much waits after each poll.
    if (waiting.bytes <= 0) throw new Error('the queue has lost count');
    waiting.removeFirst();
  }
  return records;
}

/** The processor's time of the quickest of three tries, in microseconds. */
function quickest(work: () => void): number {
  const times = Array.from({ length: 3 }, () => {
    const began = process.cpuUsage();
    work();
    return process.cpuUsage(began).user;
  });
  return Math.min(...times);
}

test('batches of one record, half of them aborted, take a time that grows with their number, not with its square', () => {
  const few = transactions(FEW);
  const many = transactions(MANY);
  // As many batches in all: the time of a few alone may be less than the clock counts in.
  const fewUs = quickest(() => {
    for (let i = 0; i < MANY / FEW; i++) read(few, FEW);
  });
  const manyUs = quickest(() => expect(read(many, MANY)).toBe(MANY / 2));
  expect(fewUs).toBeGreaterThan(0);
  expect(manyUs / fewUs).toBeLessThan(SLACK);
});
