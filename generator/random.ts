/**
 * The finalizer of MurmurHash3 (Austin Appleby, public domain): a bijection on 32-bit integers that leaves no
 * visible pattern.
 */
export function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const TWO_32 = 0x1_0000_0000;

/**
 * xoshiro128** 1.1 (David Blackman and Sebastiano Vigna, public domain).
 *
 * Everything that is derived from it uses only integer steps and the four basic operations and square root of
 * IEEE 754, which round the same way on every machine; logarithms and powers do not.
 */
export class Random {
  readonly #state = new Uint32Array(4);

  /**
   * @param seed an integer from 0 to 2^53 - 1.
   * @param stream distinct numbers give unrelated sequences of one seed, so that drawing more of one leaves
   *   the others alone.
   */
  constructor(seed: number, stream: number) {
    const low = seed >>> 0;
    const high = Math.floor(seed / TWO_32);
    for (let i = 0; i < 4; i++) {
      const salted = mix32(high + Math.imul(stream + 1, 0x9e3779b9)) ^ Math.imul(i + 1, 0x7f4a7c15);
      this.#state[i] = mix32(mix32(low ^ salted) + salted);
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const s = this.#state;
    const s0 = s[0] as number;
    const s1 = s[1] as number;
    const s2 = (s[2] as number) ^ s0;
    const s3 = (s[3] as number) ^ s1;
    const times5 = Math.imul(s1, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    s[0] = s0 ^ s3;
    s[1] = s1 ^ s2;
    s[2] = s2 ^ (s1 << 9);
    s[3] = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** An integer from 0 to `limit` - 1; `limit` is at least 1. */
  below(limit: number): number {
    return Math.floor((this.next() / TWO_32) * limit);
  }

  /**
   * An integer from 0 to `limit` - 1, where the r-th has a share of about 1 / (2 · √(r · limit)): a few are
   * drawn often, most seldom.
   */
  skewedBelow(limit: number): number {
    const share = this.next() / TWO_32;
    return Math.floor(share * share * limit);
  }

  /** True in `share` (0 to 1) of the calls. */
  chance(share: number): boolean {
    return this.next() < share * TWO_32;
  }
}

/** The numbers from 0 to `size` - 1 in random order (Fisher and Yates). */
export function permutation(size: number, random: Random): Uint32Array {
  const order = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const j = random.below(i + 1);
    order[i] = order[j] as number;
    order[j] = i;
  }
  return order;
}

/** Draws an index with a probability proportional to its weight. */
export class WeightedChoice {
  readonly #ends: Float64Array;

  constructor(weights: readonly number[]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#ends = Float64Array.from(weights, (weight) => {
      sum += weight;
      return (sum / total) * TWO_32;
    });
  }

  draw(random: Random): number {
    const value = random.next();
    const ends = this.#ends;
    let index = 0;
    while (value >= (ends[index] as number)) index++;
    return index;
  }
}
