import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { name } from './name.ts';

const lookup = z.enum(['user_agent', 'location'], 'must be user_agent or location');

const csv = z.strictObject({
  path: z.string().min(1).describe('A CSV file or a pattern, relative to the current folder.'),
  columns: z.array(name).min(1).describe('Which columns of the files the table has, as text.'),
});

/** The form of a model. */
export const model = z.strictObject({
  table: name.describe("The derived table's name."),
  sql: z
    .string()
    .regex(/^[a-z0-9_]+\.sql$/, 'must be a file name such as profiles.sql')
    .exactOptional()
    .describe('File beside dataset.yml: one query.'),
  lookup: lookup
    .exactOptional()
    .describe('Instead of sql: what is known of each distinct value of the column `from`.'),
  from: name.exactOptional().describe('Of a look-up: the column of the contract.'),
  csv: csv.exactOptional().describe('Instead of sql: the rows of CSV files of the user. There may be none.'),
  key: z.array(name).min(1).describe('The columns that identify a row of the table.'),
  shareBy: name
    .exactOptional()
    .describe(
      'Column of the contract: the model may be computed over some of its values at a time. Absent: over all at once.',
    ),
  /** Earlier tables of its own dataset it may read without saying so. */
  reads: z
    .array(z.string().regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, 'must be dataset.table'))
    .min(1)
    .exactOptional()
    .describe('Tables of other datasets that the query reads, as dataset.table.'),
  audit: z
    .strictObject({
      events: name.describe(
        'Column of the table: how many distinct events the row stands for; the audit adds it up.',
      ),
      amount: name.exactOptional().describe('Column of the table: an amount that the audit adds up.'),
    })
    .exactOptional()
    .describe('Columns of the table that the audit adds up.'),
});

/**
 * A table that is derived from the events, from tables before it, or from files of the user. It has one of
 * `sql`, `lookup` and `csv`.
 */
export type Model = DeepReadonly<z.output<typeof model>>;

/** In what values of events can be looked up. */
export type LookupKind = z.output<typeof lookup>;

/**
 * A table of what the user knows besides the events, such as names of products. Where there are no files, it
 * is empty.
 */
export type CsvTable = DeepReadonly<z.output<typeof csv>>;
