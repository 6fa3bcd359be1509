import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { partitionFor } from '../../ingestion/partitioner.ts';
import { javaPartitions } from '../servers/kafka-partitioner.ts';

const NEWLINE = 10;

/** A key may be any bytes but the newline that separates keys on the way to the Java program. */
const anyKey = fc
  .uint8Array({ minLength: 1, maxLength: 64 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === NEWLINE ? 0 : byte))));

test('the partition of a key is the one that the Java producer chooses', async () => {
  const userIds = Array.from({ length: 5_000 }, (_, i) =>
    Buffer.from(`${1_515_915_625_500_000_000n + BigInt(i * 7)}`),
  );
  const keys = [...userIds, ...fc.sample(anyKey, { numRuns: 5_000, seed: 1 })];
  for (const partitions of [1, 4, 7, 1_000_003]) {
    const ours = keys.map((key) => partitionFor(key, partitions));
    expect(ours).toEqual(await javaPartitions(keys, partitions));
  }
}, 120_000);
