import { z } from 'zod';
import { cell, count, field, time, whole } from './values.ts';

export const lakeAnswer = z.object({
  place: z.string(),
  tables: z.array(
    z.object({
      /** `events`, `rejected` or the model's table. */
      table: z.string(),
      version: whole,
      rows: count,
      files: count,
      bytes: count,
      partitionBy: z.array(z.string()),
      fields: z.array(field),
    }),
  ),
});
export const commitsAnswer = z.object({
  /** Newest first. */
  commits: z.array(
    z.object({
      version: whole,
      time: time.nullable(),
      operation: z.string(),
      description: z.string().nullable(),
      rowsAdded: count,
      filesAdded: count,
      filesRemoved: count,
    }),
  ),
});
export const filesAnswer = z.object({
  total: count,
  /** Newest first. */
  files: z.array(
    z.object({
      path: z.string(),
      bytes: count,
      rows: count,
      partition: z.record(z.string(), z.string().nullable()),
      written: time,
    }),
  ),
});

export const sqlAnswer = z.object({
  columns: z.array(field),
  rows: z.array(z.array(cell)),
  /** Whether rows follow after these. */
  more: z.boolean(),
  milliseconds: count,
});

export type LakeAnswer = z.infer<typeof lakeAnswer>;
export type CommitsAnswer = z.infer<typeof commitsAnswer>;
export type FilesAnswer = z.infer<typeof filesAnswer>;
export type SqlAnswer = z.infer<typeof sqlAnswer>;
