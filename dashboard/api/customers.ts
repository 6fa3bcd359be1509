import { z } from 'zod';
import { count, day, money, row, time } from './values.ts';

export const customersAnswer = z.object({
  total: count,
  /** What they are sorted by, also where the request did not say. */
  sort: z.object({ column: z.string(), order: z.enum(['asc', 'desc']) }),
  customers: z.array(row),
});
export const customerAnswer = row;
export const customerEventsAnswer = z.object({
  total: count,
  /** The contract's columns, with `logPartition` and `logOffset`. */
  events: z.array(row),
});
export const customerSessionsAnswer = z.object({
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
export const customerSpendAnswer = z.object({
  days: z.array(z.object({ day, spent: money, total: money })),
});

export type CustomersAnswer = z.infer<typeof customersAnswer>;
export type CustomerAnswer = z.infer<typeof customerAnswer>;
export type CustomerEventsAnswer = z.infer<typeof customerEventsAnswer>;
export type CustomerSessionsAnswer = z.infer<typeof customerSessionsAnswer>;
export type CustomerSpendAnswer = z.infer<typeof customerSpendAnswer>;
