import { z } from 'zod';
import { NEWEST_ROWS } from './live/live-readings.ts';
import { WINDOWS, type WindowName } from './live/live-windows.ts';

/**
 * What requests may hold. Text reaches SQL only as a literal, and names only after they were found among a
 * table's columns.
 */

/** NUL would end a statement in the middle. */
const text = z
  .string()
  .max(1000)
  .regex(/^[^\0]*$/, 'must not hold NUL');
const day = z.iso.date('must be a day such as 2020-09-24');
const limit = (preset: number, most: number) => z.coerce.number().int().min(1).max(most).default(preset);
const offset = z.coerce.number().int().min(0).max(1_000_000_000).default(0);

const filterFields = {
  from: day.optional().describe('First day, UTC.'),
  to: day.optional().describe('Last day, UTC, inclusive.'),
  category: text.optional().describe('A category; empty for events that have none.'),
  brand: text.optional().describe('A brand; empty for events that have none.'),
  segment: text.optional().describe('A segment of entities.'),
};

export const filterQuery = z.strictObject(filterFields);
export const valuesQuery = z.strictObject({ ...filterFields, limit: limit(10, 1000) });
export const entitiesQuery = z.strictObject({
  q: text.optional().describe("The beginning of an entity's id."),
  segment: text.optional(),
  sort: text.optional().describe("A column of the model's table; its amount when absent."),
  order: z.enum(['asc', 'desc']).default('desc'),
  limit: limit(50, 1000),
  offset,
});
export const entityParameters = z.object({ id: text });
export const eventsQuery = z.strictObject({ limit: limit(50, 1000), offset });
export const rejectedQuery = z.strictObject({ limit: limit(20, 1000), reason: text.optional() });
export const tableParameters = z.object({ table: text });
export const commitsQuery = z.strictObject({ limit: limit(50, 1000) });
export const filesQuery = z.strictObject({ limit: limit(100, 1000), offset });
export const sqlBody = z.strictObject({
  sql: z.string().max(100_000).describe('One SELECT over the tables of the lake.'),
  limit: limit(100, 1000),
  offset,
});
export const csvBody = z.strictObject({ sql: sqlBody.shape.sql });
export const reportParameters = z.object({ report: text });
export const reportQuery = z.strictObject({
  date: day.optional().describe('The day, UTC; the newest one that has facts when absent.'),
});
export const liveQuery = z.strictObject({
  after: text
    .optional()
    .describe(
      '`next` of an earlier answer, or `start` for the first row there is; the newest rows when absent.',
    ),
  limit: limit(100, NEWEST_ROWS),
});
export const liveSeriesQuery = z.strictObject({
  window: z
    .enum(Object.keys(WINDOWS) as WindowName[])
    .default('15m')
    .describe('What the lines span.'),
  by: text.optional().describe("A column of the dataset's `live.by`; the first when absent."),
  value: text.optional().describe("A column of the dataset's `live.values`; the first when absent."),
  rows: z.coerce.number().int().min(0).max(100).default(0).describe('So many of the newest rows, too.'),
});
