import type { Random } from './random.ts';
import type { Shape } from './shape.ts';

/** Distinct prices in cents along a shape's quantiles, from exactly the lowest to exactly the highest. */
export class Prices {
  readonly list: readonly number[];
  readonly #priceAt: (share: number) => number;

  constructor(count: number, quantiles: Shape['prices']['quantiles']) {
    this.#priceAt = smooth(quantiles.map(([at, price]) => [at, Math.round(price * 100)]));
    const highest = this.#priceAt(1);
    const list: number[] = [];
    let previous = -1;
    for (let i = 0; i < count; i++) {
      const wanted = Math.round(this.#priceAt(count === 1 ? 0 : i / (count - 1)));
      // Cents run out where prices are dense: step up one by one, but leave room for those still to come.
      previous = Math.min(Math.max(wanted, previous + 1), highest - (count - 1 - i));
      list.push(previous);
    }
    this.list = list;
  }

  /** One of the list, as often as the quantiles say: the lowest that is not below a price drawn from them. */
  draw(random: Random): number {
    const wanted = this.#priceAt(random.next() / 0x1_0000_0000);
    let [low, high] = [0, this.list.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.list[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return this.list[low] as number;
  }
}

type Point = readonly [x: number, y: number];

/**
 * A rising curve through rising points, with a slope that does not jump: cubic pieces with the slopes of M.
 * Steffen, "A simple method for monotonic interpolation in one dimension", 1990. Straight lines would give a
 * histogram of prices steps.
 */
function smooth(points: readonly Point[]): (x: number) => number {
  const pieces = points.slice(1).map(([toX, toY], i) => {
    const [fromX, fromY] = points[i] as Point;
    return { fromX, fromY, toX, width: toX - fromX, slope: (toY - fromY) / (toX - fromX) };
  });
  const slopes = points.map((_, i) => {
    const [before, after] = [pieces[i - 1], pieces[i]];
    if (!before || !after) return (before ?? after)?.slope ?? 0;
    const { slope: s, width: w } = before;
    const between = (s * after.width + after.slope * w) / (w + after.width);
    return 2 * Math.min(s, after.slope, between / 2);
  });
  return (x) => {
    const found = pieces.findIndex(({ toX }) => x <= toX);
    const i = found < 0 ? pieces.length - 1 : found;
    const { fromX, fromY, width, slope } = pieces[i] as (typeof pieces)[number];
    const [from, to] = [slopes[i] as number, slopes[i + 1] as number];
    const t = x - fromX;
    const cubic = (from + to - 2 * slope) / (width * width);
    const square = (3 * slope - 2 * from - to) / width;
    return ((cubic * t + square) * t + from) * t + fromY;
  };
}
