import type { LiveSeriesAnswer } from '../api.ts';
import type { LiveRow } from './live-rows.ts';

/**
 * The windows that can be looked at: how many seconds they span, and how many a point of their lines stands
 * for.
 */
export const WINDOWS = {
  '1m': { seconds: 60, bucket: 1 },
  '5m': { seconds: 300, bucket: 2 },
  '15m': { seconds: 900, bucket: 5 },
  '1h': { seconds: 3600, bucket: 20 },
  '6h': { seconds: 21_600, bucket: 120 },
} as const;
export type WindowName = keyof typeof WINDOWS;

/** Readings by bucket of the window and group, as of the newest reading. */
type WindowSeries = Pick<LiveSeriesAnswer, 'bucketSeconds' | 'buckets' | 'groups'>;

/** Groups of one column that are held apart; readings of further ones are counted in {@link OTHERS}. */
const MOST_GROUPS = 50;
export const OTHERS = '(others)';
/** What a row without a value is grouped under. */
export const NONE = '(none)';

/**
 * Sums of one group in one window: a ring, in which the bucket with the number `n` has the place `n` modulo
 * the ring's length.
 */
interface Ring {
  /** The number of the bucket that is at each place. */
  readonly numbers: Float64Array;
  readonly counts: Float64Array;
  /** By value: how many of its cells are not null, and their sum. */
  readonly values: readonly { readonly counts: Float64Array; readonly sums: Float64Array }[];
}

interface Group {
  latest: { at: number; row: LiveRow };
  readonly rings: Readonly<Record<WindowName, Ring>>;
}

const NAMES = Object.keys(WINDOWS) as WindowName[];

/**
 * Readings of the last hours, added up by group and bucket: its size depends on neither their number nor
 * their rate.
 */
export class LiveWindows {
  readonly #values: readonly string[];
  readonly #groups: ReadonlyMap<string, Map<string, Group>>;
  #newest: number | null = null;

  /** `by` are the columns to group by, `values` the numeric ones to add up. */
  constructor(by: readonly string[], values: readonly string[]) {
    this.#values = values;
    this.#groups = new Map(by.map((column) => [column, new Map()]));
  }

  /** The time of the newest reading, in milliseconds since the epoch. */
  get newest(): number | null {
    return this.#newest;
  }

  /** Adds a reading that was measured at this time, in milliseconds since the epoch. */
  add(at: number, row: LiveRow): void {
    this.#newest = Math.max(this.#newest ?? at, at);
    const numbers = this.#values.map((name) => (row[name] == null ? null : Number(row[name])));
    for (const [column, groups] of this.#groups) {
      const group = this.#groupOf(groups, row[column] == null ? NONE : String(row[column]), at, row);
      if (at >= group.latest.at) group.latest = { at, row };
      for (const name of NAMES)
        addTo(group.rings[name], Math.floor(at / 1000 / WINDOWS[name].bucket), numbers);
    }
  }

  /** The window that ends with the newest reading. Groups are in the order of their names. */
  series(name: WindowName, by: string, value: string): WindowSeries {
    const { bucket, seconds } = WINDOWS[name];
    const last = Math.floor((this.#newest ?? 0) / 1000 / bucket);
    const length = this.#newest === null ? 0 : seconds / bucket;
    const numbers = Array.from({ length }, (_, i) => last - length + 1 + i);
    const groups = [...(this.#groups.get(by) ?? [])].map(([group, { latest, rings }]) => {
      const { numbers: held, counts, values } = rings[name];
      const sums = values[this.#values.indexOf(value)];
      const places = numbers.map((number) =>
        held[number % held.length] === number ? number % held.length : -1,
      );
      return {
        group,
        latest: latest.row,
        counts: places.map((place) => counts[place] ?? 0),
        means: places.map((place) =>
          sums?.counts[place] ? (sums.sums[place] ?? 0) / sums.counts[place] : null,
        ),
      };
    });
    return {
      bucketSeconds: bucket,
      buckets: numbers.map((number) => number * bucket),
      groups: groups
        .filter(({ counts }) => counts.some((count) => count > 0))
        .sort((a, b) => (a.group < b.group ? -1 : 1)),
    };
  }

  #groupOf(groups: Map<string, Group>, name: string, at: number, row: LiveRow): Group {
    const known = groups.get(name);
    if (known) return known;
    if (groups.size >= MOST_GROUPS && name !== OTHERS) return this.#groupOf(groups, OTHERS, at, row);
    const rings = Object.fromEntries(
      NAMES.map((window) => [
        window,
        ringOf(WINDOWS[window].seconds / WINDOWS[window].bucket, this.#values.length),
      ]),
    ) as Record<WindowName, Ring>;
    const group = { latest: { at, row }, rings };
    groups.set(name, group);
    return group;
  }
}

function ringOf(length: number, values: number): Ring {
  const zeros = () => new Float64Array(length);
  return {
    numbers: zeros().fill(-1),
    counts: zeros(),
    values: Array.from({ length: values }, () => ({ counts: zeros(), sums: zeros() })),
  };
}

function addTo({ numbers, counts, values }: Ring, number: number, cells: readonly (number | null)[]): void {
  const place = number % numbers.length;
  const held = numbers[place] ?? -1;
  // Later than the window is long.
  if (number < held) return;
  if (number > held) {
    numbers[place] = number;
    counts[place] = 0;
    for (const value of values) value.counts[place] = value.sums[place] = 0;
  }
  counts[place] = (counts[place] ?? 0) + 1;
  values.forEach((value, i) => {
    const cell = cells[i] ?? null;
    if (cell === null || Number.isNaN(cell)) return;
    value.counts[place] = (value.counts[place] ?? 0) + 1;
    value.sums[place] = (value.sums[place] ?? 0) + cell;
  });
}
