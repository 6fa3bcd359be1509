import { dirname, join } from 'node:path';
import { isWeekend, noiseFactor, occasionFactor, weekdayWeight } from '../calendar.ts';
import type { Generated, GenerateOptions } from '../generate.ts';
import { writeFile } from '../output.ts';
import { permutation, Random, WeightedChoice } from '../random.ts';
import { Pools } from './pools.ts';
import type { RecordShape } from './shape.ts';
import { objectMaker, type Value } from './values.ts';

const DAY = 86_400;
const CHUNK = 1 << 20;

/**
 * Makes a file of JSON lines of the given shape, in the order in which the records come, and beside it the
 * files of its pools. It needs memory for the pools and for two days' records.
 * @throws UsageError `shape:invalid` for names that the shape does not have; `generate:cannot_write`
 */
export async function generateRecords(
  shape: RecordShape,
  { rows, seed, dirty = 0, out, onProgress }: Omit<GenerateOptions, 'shape'>,
): Promise<Generated> {
  const pools = new Pools(shape, rows, seed);
  const dirtyLines: Record<string, number> = {};
  for (const [i, [name, pool]] of Object.entries(shape.pools).entries()) {
    if (!('file' in pool) || !pool.file) continue;
    const { file } = pool;
    await writeFile(join(dirname(out), file.name), () => pools.csv(name, file, new Random(seed, 200 + i)));
  }
  const lines = new RecordLines(shape, pools, rows, seed);
  const dirt = new Random(seed, 2);
  const kinds = ['line:not_json/cut', ...Object.keys(shape.dirty)];
  let order: number[] = [];
  let written = 0;

  const soiled = (record: Record<string, Value>): string => {
    if (order.length === 0) order = [...permutation(kinds.length, dirt)];
    const kind = kinds[order.pop() ?? 0] ?? '';
    dirtyLines[kind] = (dirtyLines[kind] ?? 0) + 1;
    const changed = JSON.stringify(withMembers(record, shape.dirty[kind] ?? {}));
    return kind === kinds[0] ? changed.slice(0, changed.length / 2) : changed;
  };

  function* chunks(): Generator<Buffer> {
    let text = '';
    for (const record of lines.all()) {
      text += `${dirt.chance(dirty) ? soiled(record) : JSON.stringify(record)}\n`;
      written++;
      if (text.length < CHUNK) continue;
      yield Buffer.from(text);
      text = '';
      onProgress?.(written);
    }
    yield Buffer.from(text);
  }

  const bytes = await writeFile(out, chunks);
  return { rows: written, bytes, dirtyLines };
}

/** The clean records of a file, in the order in which they come. */
class RecordLines {
  readonly #shape: RecordShape;
  readonly #pools: Pools;
  readonly #rows: number;
  readonly #random: Random;
  readonly #noise: Random;
  readonly #kinds: WeightedChoice;
  readonly #makers: readonly ReturnType<typeof objectMaker>[];

  constructor(shape: RecordShape, pools: Pools, rows: number, seed: number) {
    this.#shape = shape;
    this.#pools = pools;
    this.#rows = rows;
    this.#random = new Random(seed, 1);
    this.#noise = new Random(seed, 3);
    this.#kinds = new WeightedChoice(shape.kinds.map(({ weight }) => weight));
    this.#makers = shape.kinds.map((kind) => objectMaker({ ...shape.fields, ...kind.fields }));
  }

  /**
   * Each day's records in order of time, after those that were late the day before; the last day's late ones
   * end the file.
   */
  *all(): Generator<Record<string, Value>> {
    const { range, late, repeated } = this.#shape;
    const random = this.#random;
    const first = Math.floor(range.from / DAY);
    const ends = this.#ends(first, Math.floor(range.to / DAY));
    const copies = Math.min(Math.round(this.#rows * repeated), Math.floor(this.#rows / 2));
    const distinct = this.#rows - copies;
    let [made, copied] = [0, 0];
    let held: Record<string, Value>[] = [];
    for (const [day, share] of ends.entries()) {
      yield* held;
      held = [];
      const end = Math.floor(distinct * share);
      for (const time of this.#times((first + day) * DAY, end - made)) {
        const record = this.#record(time, made);
        made++;
        if (random.chance(late)) held.push(record);
        else yield record;
        const isCopied = random.below(distinct - made + 1) < copies - copied;
        if (!isCopied) continue;
        copied++;
        // Half of the copies follow at once; the others come when the day is replayed.
        if (random.chance(0.5)) yield record;
        else held.push(record);
      }
    }
    yield* held;
  }

  /** The share of the records that have come by the end of each day, the last of which is 1. */
  #ends(first: number, last: number): number[] {
    const { weekdays, occasions, noise } = this.#shape;
    const weights = Array.from({ length: last - first + 1 }, (_, i) => {
      const time = (first + i) * DAY;
      const expected = weekdayWeight(weekdays, time) * occasionFactor(occasions, time);
      return expected * noiseFactor(this.#noise, noise);
    });
    const all = weights.reduce((a, b) => a + b, 0);
    let sum = 0;
    return weights.map((weight, i) => {
      sum += weight;
      return i === weights.length - 1 ? 1 : sum / all;
    });
  }

  #times(midnight: number, count: number): number[] {
    const { range, hours, weekendHours = hours, noise } = this.#shape;
    const { from, to } = range;
    const random = this.#random;
    const weights = isWeekend(midnight) ? weekendHours : hours;
    const choice = new WeightedChoice(weights.map((weight) => weight * noiseFactor(this.#noise, noise)));
    const times = Array.from({ length: count }, () =>
      Math.min(to, Math.max(from, midnight + 3600 * choice.draw(random) + random.below(3600))),
    );
    return times.sort((a, b) => a - b);
  }

  #record(time: number, index: number): Record<string, Value> {
    const kind = this.#kinds.draw(this.#random);
    return this.#makers[kind]?.(this.#pools.scope(this.#random, time, index)) ?? {};
  }
}

/** The record with these members in place of its own; a null removes one. */
function withMembers(
  record: Readonly<Record<string, Value>>,
  members: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const changed = { ...record, ...members };
  for (const [name, value] of Object.entries(members)) if (value === null) delete changed[name];
  return changed;
}
