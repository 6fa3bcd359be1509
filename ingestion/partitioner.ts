const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/**
 * The partition that Kafka's Java client gives to a key: `toPositive(murmur2(key)) % partitions`, as
 * `BuiltInPartitioner.partitionForKey` and `Utils.murmur2` of kafka-clients have it. The key may be a piece
 * of the buffer.
 */
export function partitionFor(key: Buffer, partitions: number, begin = 0, end = key.length): number {
  return (murmur2(key, begin, end) & 0x7fffffff) % partitions;
}

/** 32-bit MurmurHash2, as a signed integer. */
function murmur2(data: Buffer, begin: number, end: number): number {
  const length = end - begin;
  let h = SEED ^ length;
  const whole = begin + (length & ~3);
  for (let i = begin; i < whole; i += 4) {
    let k = Math.imul(data.readInt32LE(i), M);
    k = Math.imul(k ^ (k >>> R), M);
    h = Math.imul(h, M) ^ k;
  }
  const left = end - whole;
  if (left >= 3) h ^= (data[whole + 2] ?? 0) << 16;
  if (left >= 2) h ^= (data[whole + 1] ?? 0) << 8;
  if (left >= 1) h = Math.imul(h ^ (data[whole] ?? 0), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}
