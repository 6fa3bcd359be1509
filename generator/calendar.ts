import type { Random } from './random.ts';
import { monthEnd, monthStart, type Occasions, type Shape, WEEKDAYS, type Weekdays } from './shape.ts';

const DAY = 86_400;

/** One UTC day, or what of it lies within the range. */
export interface Day {
  /** Unix second. */
  readonly start: number;
  readonly seconds: number;
  /** How likely each of the 24 hours is for the begin of a session. */
  readonly hours: readonly number[];
  /** Each step's events, relative to those of other days of the month. */
  readonly weights: readonly number[];
}

/**
 * A month's level, from its first to its last second within the range: events a second at its begin, on
 * average and at its end.
 */
interface Level {
  readonly begin: number;
  readonly average: number;
  readonly end: number;
}

/**
 * The days of a shape's months, and how busy they are: along a curve without steps between months, by
 * weekday, occasion and hour, and with noise.
 */
export class Calendar {
  readonly months: readonly string[];
  readonly #shape: Shape;
  readonly #random: Random;
  readonly #levels: readonly (readonly Level[])[];

  constructor(shape: Shape, random: Random) {
    this.#shape = shape;
    this.#random = random;
    this.months = [...new Set(shape.steps.flatMap((step) => Object.keys(step.months)))].sort();
    this.#levels = shape.steps.map((step) =>
      levels(
        this.months.map((month) => {
          const { from, to } = this.#within(month);
          return (step.months[month] ?? 0) / Math.max(1, to - from);
        }),
      ),
    );
  }

  /**
   * The days of `months[index]`, in order. Call it once for each month, in order: each call draws its noise.
   */
  daysOf(index: number): Day[] {
    const { from, to } = this.#within(this.months[index] as string);
    const { steps, noise, weekdays, occasions } = this.#shape;
    const days: Day[] = [];
    for (let day = from - (from % DAY); day < to; day += DAY) {
      const start = Math.max(day, from);
      const seconds = Math.min(day + DAY, to) - start;
      const hours = this.#hoursOf(start, seconds);
      const busy = hours.reduce((a, b) => a + b, 0) * weekdayWeight(weekdays, start) * this.#factor(noise);
      const at = (start + seconds / 2 - from) / (to - from);
      const weights = steps.map((_, k) => {
        const trend = along(this.#levels[k]?.[index] as Level, at);
        return trend * busy * occasionFactor(occasions, start, k > 0) * (k > 0 ? this.#factor(noise) : 1);
      });
      days.push({ start, seconds, hours, weights });
    }
    return days;
  }

  /** Unix seconds of a month within the range: the first, and the one after the last. */
  #within(month: string): { from: number; to: number } {
    const { range } = this.#shape;
    return { from: Math.max(monthStart(month), range.from), to: Math.min(monthEnd(month), range.to + 1) };
  }

  /**
   * Weights of the hours, by the seconds of each that lie in the day; those of a whole day add up to about
   * one day's seconds.
   */
  #hoursOf(start: number, seconds: number): number[] {
    const { hours, weekendHours = hours, noise } = this.#shape;
    const weights = isWeekend(start) ? weekendHours : hours;
    const sum = weights.reduce((a, b) => a + b, 0);
    const from = start % DAY;
    return weights.map((weight, hour) => {
      const within = Math.min(from + seconds, hour * 3600 + 3600) - Math.max(from, hour * 3600);
      return (weight / sum) * 24 * Math.max(0, within) * this.#factor(noise);
    });
  }

  #factor(spread: number): number {
    return noiseFactor(this.#random, spread);
  }
}

/** The weight of a day's weekday, among those of a week. */
export function weekdayWeight(weekdays: Weekdays, time: number): number {
  return weekdays?.[WEEKDAYS[weekday(time)] as (typeof WEEKDAYS)[number]] ?? 1;
}

/** How many times as many events the occasions of a day bring; of `later` steps, also by conversion. */
export function occasionFactor(occasions: Occasions, time: number, later = false): number {
  return occasions
    .filter(({ from, to }) => time >= from && time < to + DAY)
    .reduce((factor, { traffic, conversion }) => factor * traffic * (later ? conversion : 1), 1);
}

/**
 * About normally distributed around 1, with `spread` as its standard deviation: the sum of four uniform
 * numbers.
 */
export function noiseFactor(random: Random, spread: number): number {
  const share = () => random.next() / 0x1_0000_0000;
  const deviation = (share() + share() + share() + share() - 2) * Math.sqrt(3);
  return Math.max(0.1, 1 + spread * deviation);
}

export function isWeekend(time: number): boolean {
  return weekday(time) >= 5;
}

/** 0 is Monday. 1970 began with a Thursday. */
function weekday(time: number): number {
  return (Math.floor(time / DAY) + 3) % 7;
}

/** Neighbouring months meet half-way between their averages. */
function levels(averages: readonly number[]): Level[] {
  const between = (a: number, b = a) => (a + b) / 2;
  return averages.map((average, m) => ({
    begin: between(average, averages[m - 1]),
    average,
    end: between(average, averages[m + 1]),
  }));
}

/**
 * The parabola through a month's begin and end whose mean is its average, at `at` (0 to 1); never far below
 * the average.
 */
function along({ begin, average, end }: Level, at: number): number {
  const straight = begin + (end - begin) * at;
  const bent = straight + 6 * (average - (begin + end) / 2) * at * (1 - at);
  return Math.max(bent, average / 4, Number.MIN_VALUE);
}
