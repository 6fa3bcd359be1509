import { z } from 'zod';
import { count, decimal, row, time, whole } from './values.ts';

/** As printed by `status --json`. */
const statusReport = z.object({
  log: z.string(),
  files: z.array(
    z.object({ file: z.string(), rows: count, bytes: count, complete: z.boolean(), updatedAt: time }),
  ),
  partitions: z.array(
    z.object({
      partition: z.string(),
      start: whole,
      end: whole,
      archived: whole.nullable(),
      lag: count,
    }),
  ),
  lag: count,
  tables: z.array(z.object({ table: z.string(), version: whole, rows: count, files: count, bytes: count })),
  profilesUpToDate: z.boolean(),
  index: z.object({ index: z.string(), documents: count }).nullable(),
  warehouse: z.array(z.object({ table: z.string(), rows: count })).optional(),
});

export const pipelineAnswer = z.object({
  status: statusReport,
  /** The tables of the models that are there. */
  models: z.array(z.object({ table: z.string(), version: whole, rows: count })),
  hops: z.array(
    z.object({
      name: z.enum(['ingest', 'archive', 'model', 'publish']),
      /** Rows in the store that the stage writes, of publish the index; null where there is no such store. */
      rows: count.nullable(),
      /** What the stage has not taken over yet, in rows of the store that it reads. */
      lag: count.nullable(),
      lastCommit: time.nullable(),
      /** What computed that commit: DuckDB or Spark; null where the commit does not say. */
      engine: z.string().nullable(),
      /** Whether a job says that it works, or it has done something in the last moments. */
      moving: z.boolean(),
      /** How much of its work is done, from 0 to 1, as a job says; null where none says it. */
      share: z.number().min(0).max(1).nullable(),
      /**
       * Rows that reach its store each second, of ingest and archive; null for the others, and while it does
       * not move.
       */
      perSecond: count.nullable(),
      note: z.string().nullable(),
    }),
  ),
  /**
   * The tables in PostgreSQL, in the order in which they are published; absent where there are none, and
   * while the server does not answer.
   */
  published: z
    .array(
      z.object({
        table: z.string(),
        /** The version of the lake's table that it shows; null where it shows none completely. */
        version: whole.nullable(),
        /** The newest version in the lake; null where there is no table. */
        newest: whole.nullable(),
      }),
    )
    .optional(),
});

/** As printed by `audit --json`, and when it was counted. */
export const auditAnswer = z.object({
  countedAt: time,
  dataset: z.string(),
  balanced: z.boolean(),
  file: z.object({ rows: count }),
  log: z.object({ events: count, deadLetters: count, removed: count }),
  lake: z.object({ events: count, rejected: z.record(z.string(), count), duplicates: count }),
  profiles: z.object({ users: count, events: count.nullable(), totalSpent: decimal.nullable() }),
  index: z.object({ documents: count, differing: count }).nullable(),
  indices: z.array(z.object({ table: z.string(), documents: count, differing: count })).optional(),
  warehouse: z.array(z.object({ table: z.string(), rows: count, differing: count })).optional(),
  differences: z.array(z.string()),
  notes: z.array(z.string()),
});

/** As printed by `rejected --json`. */
export const rejectedAnswer = z.object({
  total: count,
  reasons: z.array(z.object({ reason: z.string(), rows: count })),
  examples: z.array(row),
});

export type PipelineAnswer = z.infer<typeof pipelineAnswer>;
export type AuditAnswer = z.infer<typeof auditAnswer>;
export type RejectedAnswer = z.infer<typeof rejectedAnswer>;
