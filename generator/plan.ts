import { Calendar } from './calendar.ts';
import type { Random } from './random.ts';
import type { Shape } from './shape.ts';

/** Shorter slices than this get only single views, so that every session fits into its slice. */
const SHORT_SLICE = 3600;

/**
 * One UTC day, or what of it lies within the range: all events of a session fall into one slice, and slices
 * are made one by one.
 */
export interface Slice {
  /** Unix second. */
  readonly start: number;
  readonly seconds: number;
  /** How likely each of the 24 hours is for the begin of a session. */
  readonly hours: readonly number[];
  /** Distinct events of each step, not all 0; none has more than the step before. */
  readonly events: readonly number[];
  /** All sessions, at least one; `withoutId` of them are single views whose rows name no session. */
  readonly sessions: number;
  readonly withoutId: number;
}

/**
 * A day with fewer events than this leaves them to the next one of its month, so that small files have whole
 * sessions, too.
 */
const FEWEST_EVENTS = 20;

/** How many of everything a file of a given number of rows has. */
export interface Plan {
  readonly slices: readonly Slice[];
  /** Distinct events of each step, and sessions, of all slices. */
  readonly events: readonly number[];
  readonly sessions: number;
  readonly users: number;
  readonly products: number;
  readonly categories: number;
  readonly categoriesWithoutCode: number;
  readonly codes: number;
  readonly brands: number;
  readonly prices: number;
  /** Exact copies of each step's events. */
  readonly duplicates: readonly number[];
}

/** Rows of the file that the shape's counts are of. */
export function referenceRows(shape: Shape): number {
  return shape.steps
    .flatMap((step) => [step.duplicates, ...Object.values(step.months)])
    .reduce((a, b) => a + b, 0);
}

/** Shares `total` out in proportion to `weights`, in whole numbers that add up (largest remainders first). */
function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const quotas = weights.map((weight) => (total * weight) / sum);
  const parts = quotas.map(Math.floor);
  const left = total - parts.reduce((a, b) => a + b, 0);
  quotas
    .map((quota, i) => ({ i, remainder: quota - Math.floor(quota) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i)
    .slice(0, left)
    .forEach(({ i }) => {
      parts[i] = (parts[i] ?? 0) + 1;
    });
  return parts;
}

/**
 * Each step's events in a slice of `total`, as near to what is `due` as the rule allows that no step exceeds
 * the one before.
 */
function stepsOf(total: number, seconds: number, due: readonly number[]): number[] {
  const events = due.map(() => 0);
  let later = 0;
  for (let k = 1; k < due.length && seconds >= SHORT_SLICE; k++) {
    const most = k === 1 ? Math.floor(total / 2) : (events[k - 1] ?? 0);
    events[k] = Math.min(due[k] ?? 0, most);
    later += events[k] ?? 0;
  }
  for (let k = due.length - 1; k > 0; ) {
    const count = events[k] ?? 0;
    if (total - later >= (events[1] ?? 0)) break;
    if (count === 0) k--;
    else {
      events[k] = count - 1;
      later--;
    }
  }
  events[0] = total - later;
  return events;
}

type DealtDay = Pick<Slice, 'start' | 'seconds' | 'hours' | 'events'>;

/**
 * Deals distinct events to the days of the range: by month and step as the shape has them, within a month by
 * the weights of its days.
 */
function dealToDays(shape: Shape, distinct: number, random: Random): DealtDay[] {
  const { steps } = shape;
  const calendar = new Calendar(shape, random);
  const cells = calendar.months.flatMap((month) => steps.map((step) => step.months[month] ?? 0));
  const dealt = apportion(distinct, cells);
  const due = steps.map(() => 0);
  return calendar.months.flatMap((_, m) => {
    const inMonth = dealt.slice(m * steps.length, (m + 1) * steps.length);
    const days = calendar.daysOf(m);
    const sums = steps.map((_, k) => days.reduce((sum, { weights }) => sum + (weights[k] ?? 0), 0));
    const weights = steps.map(() => 0);
    const given = [0, ...steps.map(() => 0)];
    return days.flatMap((day, d) => {
      for (const k of steps.keys()) weights[k] = (weights[k] ?? 0) + (day.weights[k] ?? 0);
      const shares = inMonth.map((count, k) => count * ((weights[k] ?? 0) / (sums[k] ?? 1)));
      const upToNow = [shares.reduce((a, b) => a + b, 0), ...shares].map(Math.floor);
      const total = (upToNow[0] ?? 0) - (given[0] ?? 0);
      if (total === 0 || (total < FEWEST_EVENTS && d < days.length - 1)) return [];
      for (const k of steps.keys()) due[k] = (due[k] ?? 0) + (upToNow[k + 1] ?? 0) - (given[k + 1] ?? 0);
      given.splice(0, given.length, ...upToNow);
      const events = stepsOf(total, day.seconds, due);
      for (const [k, count] of events.entries()) due[k] = (due[k] ?? 0) - count;
      return [{ start: day.start, seconds: day.seconds, hours: day.hours, events }];
    });
  });
}

/** Adds the sessions that a day's events make up, in proportion to the events so far. */
function withSessions(
  days: readonly DealtDay[],
  distinct: number,
  sessions: number,
  withoutId: number,
): Slice[] {
  const made = { events: 0, sessions: 0, withoutId: 0 };
  return days.map((day) => {
    const [views = 0, later = 0] = day.events;
    made.events += day.events.reduce((a, b) => a + b, 0);
    const due = Math.floor(sessions * (made.events / distinct)) - made.sessions;
    const here = day.seconds < SHORT_SLICE ? views : Math.min(Math.max(due, 1), views);
    // One session always has an id, for the views beyond one a session to go to; and later steps follow views
    // with an id only.
    const dueWithoutId = Math.floor(withoutId * (made.events / distinct)) - made.withoutId;
    const hereWithoutId = Math.max(0, Math.min(dueWithoutId, here - 1, views - later));
    made.sessions += here;
    made.withoutId += hereWithoutId;
    return { ...day, sessions: here, withoutId: hereWithoutId };
  });
}

/**
 * Scales a shape to a number of rows and deals the events to slices.
 *
 * With as many rows as the reference has, every count is the shape's own. Events, duplicates, users and
 * sessions are proportional to the rows. A larger file shows the same assortment; in a smaller one products
 * go with the square root and categories, codes, brands and prices with the fourth root of the rows, as fewer
 * rows show fewer of them but each of them oftener. `random` decides the noise of days and hours.
 */
export function planRows(shape: Shape, rows: number, random: Random): Plan {
  const ratio = rows / referenceRows(shape);
  const scaled = (count: number) => Math.round(count * ratio);
  const duplicates = shape.steps.map((step) => scaled(step.duplicates));
  const distinct = rows - duplicates.reduce((a, b) => a + b, 0);
  const slices = withSessions(
    dealToDays(shape, distinct, random),
    distinct,
    scaled(shape.sessions.count + shape.sessions.rowsWithoutId),
    scaled(shape.sessions.rowsWithoutId),
  );
  const events = shape.steps.map((_, k) => slices.reduce((sum, slice) => sum + (slice.events[k] ?? 0), 0));
  const views = events[0] ?? 0;
  const sessions = slices.reduce((sum, slice) => sum + slice.sessions, 0);
  for (let k = duplicates.length - 1; k > 0; k--) {
    // A very small file may lack the events that a later step's copies would be of.
    const missing = Math.max(0, (duplicates[k] ?? 0) - (events[k] ?? 0));
    duplicates[k] = (duplicates[k] ?? 0) - missing;
    duplicates[0] = (duplicates[0] ?? 0) + missing;
  }

  const smaller = Math.sqrt(Math.min(1, ratio));
  const assortment = (count: number, most: number) =>
    Math.max(1, Math.min(Math.round(count * Math.sqrt(smaller)), most));
  const products = Math.max(1, Math.min(Math.round(shape.products.count * smaller), views));
  const categories = assortment(shape.categories.count, products);
  const categoriesWithoutCode = Math.min(
    Math.round(shape.categories.withoutCode * Math.sqrt(smaller)),
    categories - 1,
  );
  return {
    slices,
    events,
    sessions,
    users: Math.max(1, Math.min(scaled(shape.users.count), sessions)),
    products,
    categories,
    categoriesWithoutCode,
    codes: assortment(shape.categories.codes.length, categories - categoriesWithoutCode),
    brands: assortment(shape.brands.count, products),
    prices: assortment(shape.prices.distinct, products),
    duplicates,
  };
}
