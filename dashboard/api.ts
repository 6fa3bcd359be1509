import { z } from 'zod';

/**
 * Every answer of the dashboard's server, as schemas. The server checks its answers against them and
 * generates /openapi.json from them; the page takes its types from here. 64-bit ids, offsets, versions and
 * decimals are strings, counts are numbers, times are ISO 8601 in UTC, null is absent.
 */

export * from './api/dataset.ts';
export * from './api/entities.ts';
export * from './api/lake.ts';
export * from './api/live.ts';
export * from './api/overview.ts';
export * from './api/pipeline.ts';
export * from './api/reports.ts';
export type { Cell } from './api/values.ts';

/** What is wrong, and what to do. */
export const problem = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }),
});
export type Problem = z.infer<typeof problem>;
