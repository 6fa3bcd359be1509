import { z } from 'zod';
import { parseShapeFile, readShapeText } from './shape-file.ts';

/** Times are read and written in this one form, which is what a shop's export has: UTC, whole seconds. */
const TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/;

const count = z.int().min(0).max(1_000_000_000);
const some = count.min(1);
export const share = z.number().min(0).max(1);
const id = z
  .string()
  .regex(/^[1-9]\d{0,18}$/, 'must be a positive whole number in quotes, of at most 19 digits');
const columnName = z.string().regex(/^[^",\r\n]+$/, 'must be a name without commas, quotes and line breaks');
export const time = z
  .string()
  .regex(TIME, 'must be written like 2020-09-24 11:57:06 UTC')
  .transform((text) => text.replace(TIME, '$1T$2Z'))
  .refine((text) => new Date(text).toJSON()?.slice(0, 19) === text.slice(0, 19), 'is not a time that exists')
  .transform((text) => Date.parse(text) / 1000);

/** The days of the week, from Monday. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
type Weekday = (typeof WEEKDAYS)[number];

const dayHours = z.array(some).length(24, 'must be 24 weights, one an hour of the day');
const factor = z.number().min(0.1).max(10).default(1);
const day = z.iso.date('must be a day written like 2020-11-27').transform((text) => Date.parse(text) / 1000);

/** Weights of the days of the week, where they differ. */
export const weekdays = z
  .strictObject(Object.fromEntries(WEEKDAYS.map((day) => [day, some])) as Record<Weekday, typeof some>)
  .optional();
export type Weekdays = z.output<typeof weekdays>;

/** Campaigns and holidays, from the first to the last day. */
export const occasions = z
  .array(z.strictObject({ name: z.string(), from: day, to: day, traffic: factor, conversion: factor }))
  .default([]);
export type Occasions = z.output<typeof occasions>;

export const noise = z.number().min(0).max(0.5).default(0);

/** Unix seconds at which a month written `2020-09` begins. */
export function monthStart(month: string): number {
  return Date.parse(`${month}-01T00:00:00Z`) / 1000;
}

/** Unix seconds at which the month after one written `2020-09` begins. */
export function monthEnd(month: string): number {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return Date.UTC(year, number, 1) / 1000;
}

export const shape = z
  .strictObject({
    columns: z.strictObject({
      time: columnName,
      type: columnName,
      product: columnName,
      category: columnName,
      categoryCode: columnName,
      brand: columnName,
      price: columnName,
      user: columnName,
      session: columnName,
    }),
    range: z.strictObject({ from: time, to: time }),
    hours: dayHours,
    weekendHours: dayHours.optional(),
    weekdays,
    occasions,
    noise,
    steps: z
      .array(
        z.strictObject({
          type: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, 'must be 1 to 100 letters, digits, _, . and -'),
          duplicates: count,
          months: z.record(
            z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month written like 2020-09'),
            count,
          ),
        }),
      )
      .min(1)
      .max(8),
    users: z.strictObject({
      count: some,
      firstId: id,
      idStep: some,
      buyerShare: share,
      buyerFactor: z.number().min(1).max(1000),
    }),
    sessions: z.strictObject({
      count: some,
      rowsWithoutId: count,
      uuidShare: share,
      overlapShare: share,
      longestPause: some.max(3600),
      views: z.record(
        z.string().regex(/^([1-9]|[1-9]\d|[1-3]\d\d)$/, 'must be a number from 1 to 399'),
        count,
      ),
    }),
    products: z.strictObject({ count: some, firstId: id, idStep: some, viewedAgainShare: share }),
    categories: z.strictObject({
      count: some,
      firstId: id,
      idStep: some,
      withoutCode: count,
      rowsWithoutCode: count,
      codes: z
        .array(
          z.string().regex(/^[a-z0-9_.]{1,200}$/, 'must be 1 to 200 lower-case letters, digits, _ and .'),
        )
        .min(1),
    }),
    brands: z.strictObject({ count: some.max(10_000), rowsWithoutBrand: count }),
    prices: z.strictObject({
      distinct: some,
      quantiles: z.array(z.tuple([share, z.number().min(0.01).max(1e9)])).min(2),
    }),
  })
  .superRefine((s, context) => {
    const check = (holds: boolean, key: string, message: string) => {
      if (!holds) context.addIssue({ code: 'custom', path: key.split('.'), message });
    };
    check(s.range.from < s.range.to, 'range.to', 'must be later than range.from');
    for (const [i, { from, to }] of s.occasions.entries())
      check(from <= to, `occasions.${i}.to`, 'must not be earlier than from');

    const sum = (months: Record<string, number>) => Object.values(months).reduce((a, b) => a + b, 0);
    for (const [i, step] of s.steps.entries()) {
      const before = s.steps[i - 1]?.months ?? {};
      for (const [month, events] of Object.entries(step.months)) {
        const inRange = Math.min(s.range.to + 1, monthEnd(month)) - Math.max(s.range.from, monthStart(month));
        check(
          events === 0 || inRange >= 86_400,
          `steps.${i}.months.${month}`,
          'has less than a day within range',
        );
        if (i > 0)
          check(
            events <= (before[month] ?? 0),
            `steps.${i}.months.${month}`,
            'is more than the step before it has: each event follows one of them',
          );
      }
      check(step.duplicates <= sum(step.months), `steps.${i}.duplicates`, 'are more than the events');
    }
    const views = sum(s.steps[0]?.months ?? {});
    const rows = s.steps.reduce((rest, step) => rest + sum(step.months) + step.duplicates, 0);
    for (const key of ['users', 'products', 'categories'] as const) {
      const { count, firstId, idStep } = s[key];
      const end = BigInt(firstId) + BigInt(count) * BigInt(idStep);
      check(end < 2n ** 63n, `${key}.idStep`, 'makes ids beyond 64 bits');
    }
    check(views > 0, 'steps.0.months', 'must add up to at least 1');
    check(
      s.sessions.count + s.sessions.rowsWithoutId <= views,
      'sessions.count',
      'are more than the events of the first step',
    );
    check(
      views <= s.sessions.count * 100,
      'sessions.count',
      'are too few: a session has at most 100 events of the first step on average',
    );
    check(sum(s.sessions.views) > 0, 'sessions.views', 'must have a weight above 0');
    check(s.users.count <= s.sessions.count, 'users.count', 'are more than the sessions');
    check(s.products.count <= views, 'products.count', 'are more than the events of the first step');
    check(
      s.categories.withoutCode < s.categories.count,
      'categories.withoutCode',
      'must be fewer than categories.count',
    );
    check(
      s.categories.codes.length <= s.categories.count - s.categories.withoutCode,
      'categories.codes',
      'are more than the categories that have one',
    );
    check(
      new Set(s.categories.codes).size === s.categories.codes.length,
      'categories.codes',
      'must be distinct',
    );
    check(s.categories.rowsWithoutCode <= rows, 'categories.rowsWithoutCode', 'are more than all rows');
    check(s.brands.rowsWithoutBrand <= rows, 'brands.rowsWithoutBrand', 'are more than all rows');
    check(s.prices.distinct <= s.products.count, 'prices.distinct', 'are more than the products');
    const quantiles = s.prices.quantiles;
    check(
      quantiles.every(([at, price], i) => {
        const previous = quantiles[i - 1];
        return previous ? at > previous[0] && price > previous[1] : at === 0;
      }) && quantiles.at(-1)?.[0] === 1,
      'prices.quantiles',
      'must rise from share 0 to share 1, and so must the prices',
    );
    const [lowest, highest] = [quantiles[0]?.[1] ?? 0, quantiles.at(-1)?.[1] ?? 0];
    check(
      s.prices.distinct <= (highest - lowest) * 100 + 1,
      'prices.distinct',
      'are more than there are cents between the lowest and highest price',
    );
  });

/**
 * What a shop's event file looks like: customers (`users`) who come for `sessions`, look at products and go
 * through `steps`.
 *
 * `steps` are the event types in order; each event of a later step follows one of the step before, in the
 * same session and of the same product. `months` counts their distinct events, `duplicates` the exact copies
 * on top. All counts are those of the reference file, whose rows are the sum of both; {@link generate} scales
 * them. Times are Unix seconds, prices are in whole units with cents. `hours`, `weekdays`, `occasions` and
 * `noise` say how a month's events are spread over its days and hours, see {@link Calendar}.
 */
export type Shape = z.output<typeof shape>;

/**
 * Parses and checks the text of a shape file.
 * @throws UsageError `shape:invalid` naming file, line and key of everything that is wrong.
 */
export function parseShape(text: string, file: string): Shape {
  return parseShapeFile(text, file, () => shape);
}

/** Reads a shape file. A missing file is `shape:unknown`. */
export async function loadShape(file: string): Promise<Shape> {
  return parseShape(await readShapeText(file), file);
}
