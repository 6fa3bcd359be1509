import { SimpleFaker } from '@faker-js/faker';
import { mix32, Random } from './random.ts';
import type { ReadingsShape } from './readings-shape.ts';

const HOUR_MS = 3_600_000;
const TWO_32 = 0x1_0000_0000;

/** How readings are made. */
export interface ReadingsOptions {
  /** An integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Share of readings that break the contract, 0 to 1. */
  readonly dirty: number;
  /** Share of readings that are sent later than they were measured, 0 to 1. */
  readonly late: number;
}

/** One reading as it is sent. */
export interface Reading {
  /** The sensor. */
  readonly key: string;
  /** A JSON object, unless it is bad. */
  readonly value: string;
}

interface Sensor {
  readonly id: string;
  readonly place: ReadingsShape['places'][number];
  readonly placeIndex: number;
  readonly group: ReadingsShape['groups'][number];
}

type Fields = Record<string, string | number | null>;

/**
 * Simulated readings of a set of sensors. A reading depends on the seed, its id and its time alone, so that a
 * generator that was stopped resumes where it was.
 */
export class Readings {
  readonly #shape: ReadingsShape;
  readonly #options: ReadingsOptions;
  readonly #sensors: readonly Sensor[];
  readonly #draws: SimpleFaker;
  #random = new Random(0, 0);

  constructor(shape: ReadingsShape, options: ReadingsOptions) {
    this.#shape = shape;
    this.#options = options;
    this.#sensors = sensorsOf(shape, options.seed);
    // Faker's own randomizer takes longer to seed than a reading takes to make.
    this.#draws = new SimpleFaker({ randomizer: { next: () => this.#random.next() / TWO_32, seed() {} } });
  }

  /** The reading with this id (1, 2, …), sent at `time`, milliseconds since the epoch. */
  reading(id: number, time: number): Reading {
    const { dirty, late } = this.#options;
    this.#random = new Random(this.#options.seed, id);
    const draws = this.#draws;
    const sensor = draws.helpers.arrayElement(this.#sensors);
    const fields = this.#fields(id, time, sensor);
    const isBad = draws.datatype.boolean({ probability: dirty });
    if (draws.datatype.boolean({ probability: late })) {
      const delay = draws.number.float({ min: 1000, max: this.#shape.lateMinutes * 60_000 });
      fields[this.#shape.columns.time] = new Date(time - delay).toISOString();
    }
    return isBad ? this.#broken(sensor, fields) : { key: sensor.id, value: JSON.stringify(fields) };
  }

  #fields(id: number, time: number, { id: sensor, place, placeIndex, group }: Sensor): Fields {
    const { columns, measures, driftHours, outlierShare } = this.#shape;
    const draws = this.#draws;
    const outlier = draws.datatype.boolean({ probability: outlierShare })
      ? draws.helpers.arrayElement(measures).column
      : null;
    const fields: Fields = {
      [columns.id]: id,
      [columns.time]: new Date(time).toISOString(),
      ...place.values,
      [columns.group]: group.value,
      [columns.sensor]: sensor,
    };
    for (const [i, measure] of measures.entries()) {
      const { column, swing, drift, noise } = measure;
      const slow = slowNoise(this.#options.seed, placeIndex, i, time / (driftHours * HOUR_MS));
      // The sum of three even distributions is close to a normal one, with a standard deviation of 1.
      const unit = () => draws.number.float({ min: -1, max: 1 });
      const fast = unit() + unit() + unit();
      const level =
        (place.means[column] ?? 0) +
        swing * rhythmAt(measure.rhythm, time, place.hoursFromUtc) +
        drift * slow +
        noise * fast +
        (column === outlier ? measure.outlier : 0);
      const value = Math.max(measure.min, level * (group.factors[column] ?? 1));
      fields[column] = Number(value.toFixed(measure.decimals));
    }
    return fields;
  }

  /**
   * A reading as a defective sensor sends it: a text for a number, no time, or the beginning of an object.
   */
  #broken({ id }: Sensor, fields: Fields): Reading {
    const { columns, measures } = this.#shape;
    const draws = this.#draws;
    const kind = draws.helpers.arrayElement(['text', 'no time', 'cut']);
    if (kind === 'text') fields[draws.helpers.arrayElement(measures).column] = 'fault';
    if (kind === 'no time') fields[columns.time] = null;
    const value = JSON.stringify(fields);
    return { key: id, value: kind === 'cut' ? value.slice(0, value.length / 2) : value };
  }
}

/** The sensors of all places; each has a group of its own, in turn, and a random name. */
function sensorsOf({ places, groups, sensorsPerPlace }: ReadingsShape, seed: number): Sensor[] {
  const names = new SimpleFaker({ seed });
  const ids = names.helpers.uniqueArray(
    () => names.string.alphanumeric({ length: 8, casing: 'lower' }),
    places.length * sensorsPerPlace,
  );
  return ids.map((id, i) => {
    const placeIndex = i % places.length;
    const place = places[placeIndex] as Sensor['place'];
    const group = groups[Math.floor(i / places.length) % groups.length] as Sensor['group'];
    return { id, place, placeIndex, group };
  });
}

/** The rhythm at a local time, between the full hours in a straight line. */
function rhythmAt(rhythm: readonly number[], time: number, hoursFromUtc: number): number {
  const hours = (((time / HOUR_MS + hoursFromUtc) % 24) + 24) % 24;
  const hour = Math.floor(hours);
  const [from = 0, to = 0] = [rhythm[hour], rhythm[(hour + 1) % 24]];
  return from + (to - from) * (hours - hour);
}

/** Value noise, -1 to 1: random at whole `t`, smooth between them (Ken Perlin's 3s² - 2s³). */
function slowNoise(seed: number, place: number, measure: number, t: number): number {
  const whole = Math.floor(t);
  const at = (n: number) => mix32(mix32(seed ^ Math.imul(place + 1, 0x9e3779b9)) ^ mix32(n + measure * 7919));
  const s = t - whole;
  const smooth = s * s * (3 - 2 * s);
  const [from, to] = [at(whole), at(whole + 1)];
  return ((from + (to - from) * smooth) / TWO_32) * 2 - 1;
}
