import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { partitionFor } from '../../ingestion/partitioner.ts';

describe('partition of a key', () => {
  // The hashes are what Utils.murmur2 of kafka-clients 4.3.1 gives; the first six are also in its UtilsTest.
  test.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
    ['', 275_646_681],
    ['a', -1_563_381_124],
    ['ünïcode', -888_566_395],
    ['1515915625500000001', 579_873_295],
  ])('%s', (key, hash) => {
    // All the bits of the hash but its sign, which Kafka drops.
    expect(partitionFor(Buffer.from(key), 2 ** 31)).toBe(hash & 0x7fffffff);
    expect(partitionFor(Buffer.from(key), 4)).toBe((hash & 0x7fffffff) % 4);
  });

  test('any key gets one of the partitions, and always the same', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 1, max: 1000 }),
        (bytes, partitions) => {
          const partition = partitionFor(Buffer.from(bytes), partitions);
          expect(partition).toBeGreaterThanOrEqual(0);
          expect(partition).toBeLessThan(partitions);
          expect(partitionFor(Buffer.from(bytes), partitions)).toBe(partition);
        },
      ),
    );
  });
});
