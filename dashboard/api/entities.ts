import { z } from 'zod';
import { count, day, money, row, time } from './values.ts';

export const entitiesAnswer = z.object({
  total: count,
  /** What they are sorted by, also where the request did not say. */
  sort: z.object({ column: z.string(), order: z.enum(['asc', 'desc']) }),
  entities: z.array(row),
});
export const entityAnswer = row;
export const entityEventsAnswer = z.object({
  total: count,
  /** The contract's columns, with `logPartition` and `logOffset`. */
  events: z.array(row),
});
export const entitySessionsAnswer = z.object({
  sessions: z.array(
    z.object({
      session: z.string().nullable(),
      first: time,
      last: time,
      events: count,
      counts: z.record(z.string(), count),
      spent: money,
    }),
  ),
});
export const entitySpendAnswer = z.object({
  days: z.array(z.object({ day, spent: money, total: money })),
});

export type EntitiesAnswer = z.infer<typeof entitiesAnswer>;
export type EntityAnswer = z.infer<typeof entityAnswer>;
export type EntityEventsAnswer = z.infer<typeof entityEventsAnswer>;
export type EntitySessionsAnswer = z.infer<typeof entitySessionsAnswer>;
export type EntitySpendAnswer = z.infer<typeof entitySpendAnswer>;
