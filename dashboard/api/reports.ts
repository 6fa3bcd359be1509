import { z } from 'zod';
import { day, row } from './values.ts';

export const reportsAnswer = z.object({
  /** The first and the newest day that have facts. */
  days: z.object({ first: day, newest: day }),
  reports: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      /**
       * The column of the numbers to draw, and those that say what each is of; null where there is only a
       * table.
       */
      chart: z.object({ value: z.string(), by: z.array(z.string()) }).nullable(),
    }),
  ),
});
export const reportAnswer = z.object({
  report: z.string(),
  /** Where it was computed: from the tables in the lake, or in PostgreSQL. */
  on: z.enum(['lake', 'warehouse']),
  date: day,
  columns: z.array(z.string()),
  rows: z.array(row),
});

export type ReportsAnswer = z.infer<typeof reportsAnswer>;
export type ReportAnswer = z.infer<typeof reportAnswer>;
