import { z } from 'zod';
import { count, day, money, time, whole } from './values.ts';

export const overviewAnswer = z.object({
  dataset: z.string(),
  /** By table: the version that the numbers are of; null where there is no table. */
  versions: z.record(z.string(), whole.nullable()),
  /** The earliest and the latest of the matching events. */
  first: time.nullable(),
  last: time.nullable(),
  events: count,
  duplicates: count,
  entities: count,
  buyers: count,
  revenue: money,
  funnel: z.array(z.object({ step: z.string(), events: count, entities: count })),
  /** By number of entities. */
  segments: z.array(z.object({ segment: z.string(), entities: count, buyers: count, revenue: money })),
});

export const daysAnswer = z.object({
  types: z.array(z.string()),
  /**
   * Every day of the data, within the filter's, also those without events; `counts` in the order of `types`.
   */
  days: z.array(z.object({ day, counts: z.array(count), revenue: money })),
});

export const spendAnswer = z.object({
  /** Money spent by an entity who bought: at least `from`, less than `to`. */
  buckets: z.array(z.object({ from: money, to: money.nullable(), entities: count })),
});

const totals = { events: count, entities: count, purchases: count, revenue: money };
export const valuesAnswer = z.object({
  /** The values with the most events. A null value stands for the events that have none. */
  items: z.array(z.object({ value: z.string().nullable(), ...totals })),
  /** The rest together; null when there is none. */
  others: z.object({ values: count, ...totals }).nullable(),
});

export type OverviewAnswer = z.infer<typeof overviewAnswer>;
export type DaysAnswer = z.infer<typeof daysAnswer>;
export type SpendAnswer = z.infer<typeof spendAnswer>;
export type ValuesAnswer = z.infer<typeof valuesAnswer>;
