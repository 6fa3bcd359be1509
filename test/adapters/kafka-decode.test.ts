import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { compressionsAlgorithmsByBitmask, crc32c } from '@platformatic/kafka';
import { BATCH } from '../../adapters/kafka/batch.ts';
import { decodeRecords, splitBatches } from '../../adapters/kafka/decode.ts';
import { encodedBatch } from './encoded-batch.ts';

const GIGABYTE = 1024 ** 3;

/** A batch that any broker would take, at offset 7, whose packed records are these bytes. */
function batchWith(packed: Buffer, compression: number): Buffer {
  const records = [{ partition: 0, key: null, value: Buffer.from('x') }];
  const header = encodedBatch(records).subarray(0, BATCH.RECORDS);
  const batch = Buffer.concat([header, packed]);
  batch.writeBigInt64BE(7n, BATCH.BASE_OFFSET);
  batch.writeInt32BE(batch.length - BATCH.LEADER_EPOCH, BATCH.LENGTH);
  batch.writeInt16BE(compression, BATCH.ATTRIBUTES);
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH.ATTRIBUTES)), BATCH.CHECKSUM);
  return batch;
}

function decode(batch: Buffer) {
  const [first] = splitBatches(batch, []);
  if (!first) throw new Error('there is no batch');
  return decodeRecords(first, 0n);
}

/** An LZ4 frame of one block: a byte, and matches of it over and over. */
function lz4Bomb(bytes: number): Buffer {
  const lengths = Buffer.alloc(Math.ceil(bytes / 255), 255);
  const block = Buffer.concat([Buffer.from([0x1f, 0x61, 1, 0]), lengths, Buffer.from([0, 0x10, 0x61])]);
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73, 0, 0, 0, 0]);
  header.writeUInt32LE(block.length, 7);
  return Buffer.concat([header, block, Buffer.alloc(4)]);
}

const twice = (pack: (bytes: Buffer) => Buffer) => {
  const part = pack(Buffer.alloc(GIGABYTE / 16));
  return Buffer.concat(Array.from({ length: 16 }, () => part));
};
test.each([
  ['gzip', 1, () => twice((bytes) => gzipSync(bytes))],
  ['snappy', 2, () => Buffer.from([0x80, 0x80, 0x80, 0x80, 0x04, 0, 0])],
  ['lz4', 3, () => lz4Bomb(GIGABYTE)],
  ['zstd', 4, () => twice((bytes) => zstdCompressSync(bytes))],
])('a batch in %s that unpacks to a gigabyte is refused, and takes no such memory', (_name, codec, bomb) => {
  const batch = batchWith(bomb(), codec);
  const before = process.memoryUsage().rss;
  expect(() => decode(batch)).toThrow(
    expect.objectContaining({ code: 'log:corrupt', message: expect.stringMatching(/offsets 7 to 7 cannot/) }),
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(GIGABYTE / 2);
});

test.each([1, 2, 3, 4])('records packed with codec %d are unpacked', (compression) => {
  const value = Buffer.from('some text '.repeat(2000));
  const batch = encodedBatch(Array.from({ length: 20 }, () => ({ partition: 0, key: null, value })));
  const plain = splitBatches(batch, [])[0];
  if (!plain) throw new Error('there is no batch');
  const unpacked = compressionsAlgorithmsByBitmask[batch.readInt16BE(BATCH.ATTRIBUTES) & 7]?.decompressSync(
    batch.subarray(BATCH.RECORDS),
  );
  const packed = compressionsAlgorithmsByBitmask[compression]?.compressSync(unpacked ?? Buffer.alloc(0));
  const again = Buffer.concat([batch.subarray(0, BATCH.RECORDS), packed ?? Buffer.alloc(0)]);
  again.writeInt32BE(again.length - BATCH.LEADER_EPOCH, BATCH.LENGTH);
  again.writeInt16BE(compression, BATCH.ATTRIBUTES);
  again.writeUInt32BE(crc32c(again.subarray(BATCH.ATTRIBUTES)), BATCH.CHECKSUM);
  const { values } = decode(again);
  expect(values.length).toBe(20);
  expect([...values].every((one) => one?.equals(value))).toBe(true);
});

describe('a damaged batch', () => {
  /** Three sound batches of two records each, at offsets 0, 2 and 4. */
  function threeBatches(): Buffer[] {
    return [0n, 2n, 4n].map((base) => {
      const batch = encodedBatch(
        ['a', 'b'].map((value) => ({ partition: 0, key: null, value: Buffer.from(value) })),
      );
      batch.writeBigInt64BE(base, BATCH.BASE_OFFSET);
      return batch;
    });
  }
  const flip = (batch: Buffer | undefined, at: number) => {
    if (batch) batch[at] = (batch[at] ?? 0) ^ 0x10;
  };
  const spans = (batches: readonly Buffer[]) =>
    splitBatches(Buffer.concat(batches), []).map(({ base, next, damage }) => [base, next, damage !== null]);

  test('is the last one, after the sound ones before it, and ends where a sound one follows', () => {
    for (const at of [BATCH.FORMAT, BATCH.CHECKSUM, BATCH.LAST_OFFSET_DELTA, BATCH.COUNT, BATCH.RECORDS]) {
      const batches = threeBatches();
      flip(batches[1], at);
      expect(spans(batches)).toEqual([
        [0n, 2n, false],
        [2n, 4n, true],
      ]);
    }
  });

  test('without a sound one after it, ends where both its number of records and its last offset say', () => {
    const batches = threeBatches();
    flip(batches[2], BATCH.RECORDS);
    expect(spans(batches).at(-1)).toEqual([4n, 6n, true]);
    flip(batches[1], BATCH.RECORDS);
    expect(spans(batches).at(-1)).toEqual([2n, 4n, true]);
  });

  test.each([
    ['the number of records is wrong, and nothing follows', BATCH.COUNT, 7],
    ['its length is wrong', BATCH.LENGTH, 5],
  ])('cannot be skipped where its end is not known: %s', (_what, at, value) => {
    const batches = threeBatches().slice(0, 2);
    batches[1]?.writeInt32BE(value, at);
    expect(spans(batches)).toEqual([[0n, 2n, false]]);
    expect(() => spans(batches.slice(1))).toThrow(
      expect.objectContaining({
        code: 'log:corrupt',
        message: expect.stringContaining('cannot be skipped'),
      }),
    );
  });

  test('gives no records', () => {
    const batches = threeBatches();
    flip(batches[0], BATCH.RECORDS);
    const [first] = splitBatches(Buffer.concat(batches), []);
    expect(() => first && decodeRecords(first, 0n)).toThrow(
      expect.objectContaining({ code: 'log:corrupt', message: expect.stringContaining('offset 0') }),
    );
  });
});
