import { expect, test } from '@jest/globals';
import { compressionsAlgorithmsByBitmask, crc32c } from '@platformatic/kafka';
import fc from 'fast-check';
import { BATCH } from '../../adapters/kafka/batch.ts';
import { decodeRecords, splitBatches } from '../../adapters/kafka/decode.ts';
import { EventlakeError } from '../../core/errors.ts';
import { encodedBatch } from '../adapters/encoded-batch.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 500);
const SEED = Number(process.env.FUZZ_SEED ?? 8);

/** A real batch of 40 records, packed with the codec. */
function realBatch(compression: number): Buffer {
  const records = Array.from({ length: 40 }, (_, i) => ({
    partition: 0,
    key: Buffer.from(`key ${i}`),
    value: Buffer.from(`value ${i} `.repeat(i)),
  }));
  const batch = encodedBatch(records);
  const own = compressionsAlgorithmsByBitmask[batch.readInt16BE(BATCH.ATTRIBUTES) & 7];
  const plain = own?.decompressSync(batch.subarray(BATCH.RECORDS)) ?? Buffer.alloc(0);
  const codec = compression === 0 ? null : compressionsAlgorithmsByBitmask[compression];
  const packed = codec ? codec.compressSync(plain) : plain;
  const result = Buffer.concat([batch.subarray(0, BATCH.RECORDS), packed]);
  result.writeInt16BE(compression, BATCH.ATTRIBUTES);
  return sealed(result);
}

/** With the length and the checksum that belong to its bytes, so that damage gets beyond them. */
function sealed(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - BATCH.LEADER_EPOCH, BATCH.LENGTH);
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH.ATTRIBUTES)), BATCH.CHECKSUM);
  return batch;
}

const BATCHES = [0, 1, 2, 3, 4].map(realBatch);

const damage = fc.record({
  batch: fc.constantFrom(...BATCHES),
  changes: fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
  cut: fc.option(fc.nat(5000)),
  seal: fc.boolean(),
});

test('a damaged batch gives records or a coded error, for any damage', () => {
  let refused = 0;
  const property = fc.property(damage, ({ batch, changes, cut, seal }) => {
    const bytes = Buffer.from(batch.subarray(0, cut === null ? undefined : BATCH.RECORDS + cut));
    // Format and codec stay mostly as they are: a wrong one is refused at once.
    for (const [at, byte] of changes) bytes[BATCH.LAST_OFFSET_DELTA + (at % (bytes.length - 23))] = byte;
    try {
      for (const one of splitBatches(seal ? sealed(bytes) : bytes, [])) {
        const { offsets, values } = decodeRecords(one, one.base);
        expect(values.length).toBe(offsets.length);
        for (const offset of offsets) if (offset < one.base || offset >= one.next) throw new Error('offset');
      }
    } catch (error) {
      expect(error).toBeInstanceOf(EventlakeError);
      expect((error as EventlakeError).code).toBe('log:corrupt');
      refused += 1;
    }
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
  expect(refused).toBeGreaterThan(RUNS / 10);
});

test('any bytes instead of batches give nothing or a coded error', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    try {
      for (const one of splitBatches(Buffer.from(bytes), [])) decodeRecords(one, 0n);
    } catch (error) {
      expect(error).toBeInstanceOf(EventlakeError);
    }
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});
