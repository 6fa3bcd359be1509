import { describe, expect, test } from '@jest/globals';
import { permutation, Random, WeightedChoice } from '../../generator/random.ts';

describe('Random', () => {
  // Computed with a Python transcription of the published C code and of the seeding.
  test.each([
    [1, 0, [3128698435, 1028538989, 3021151968, 2095809263, 3563753924]],
    [1, 1, [2359530254, 1942372291, 2271423821, 748568294, 1765352246]],
    [2 ** 53 - 1, 4, [3321124942, 2133200854, 3766658901, 3265904200, 826575894]],
  ])('gives the known numbers for seed %d, stream %d', (seed, stream, expected) => {
    const random = new Random(seed, stream);
    expect(expected.map(() => random.next())).toEqual(expected);
  });

  test('below is even, skewedBelow is not', () => {
    const random = new Random(3, 0);
    const [even, skewed] = [new Uint32Array(4), new Uint32Array(4)];
    for (let i = 0; i < 40_000; i++) {
      for (const [counts, drawn] of [
        [even, random.below(4)],
        [skewed, random.skewedBelow(4)],
      ] as const)
        counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of even) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    // Differences of the square roots of 0, 1/4, 2/4, 3/4 and 1, of 40,000.
    for (const [i, count] of [20_000, 8284, 6357, 5359].entries())
      expect(Math.abs((skewed[i] ?? 0) - count)).toBeLessThan(400);
  });

  test('chance is true as often as asked, and never or always at the ends', () => {
    const random = new Random(4, 0);
    const count = (share: number) =>
      Array.from({ length: 10_000 }, () => random.chance(share)).filter(Boolean).length;
    expect(Math.abs(count(0.3) - 3000)).toBeLessThan(200);
    expect([count(0), count(1)]).toEqual([0, 10_000]);
  });
});

test('a permutation has every number once, in another order for another seed', () => {
  const [once, other] = [permutation(1000, new Random(1, 0)), permutation(1000, new Random(2, 0))];
  expect(once.toSorted()).toEqual(Uint32Array.from({ length: 1000 }, (_, i) => i));
  expect(once).not.toEqual(once.toSorted());
  expect(once).not.toEqual(other);
});

test('a weighted choice keeps to its weights', () => {
  const random = new Random(5, 0);
  const choice = new WeightedChoice([0, 3, 0, 1]);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 40_000; i++) {
    const drawn = choice.draw(random);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  expect([counts[0], counts[2]]).toEqual([0, 0]);
  expect(Math.abs((counts[1] ?? 0) - 30_000)).toBeLessThan(400);
});
