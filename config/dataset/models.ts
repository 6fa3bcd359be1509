import { z } from 'zod';
import { EVENTS_TABLE, mayIdentify, REJECTED_TABLE } from '../../core/dataset.ts';
import { type column, name } from './columns.ts';
import type { Complain } from './complain.ts';

/** A table that is derived from the events. */
export const model = z.strictObject({
  table: name.describe("The derived table's name."),
  sql: z
    .string()
    .regex(/^[a-z0-9_]+\.sql$/, 'must be a file name such as profiles.sql')
    .optional()
    .describe('File beside dataset.yml: one query.'),
  lookup: z
    .enum(['user_agent', 'location'], 'must be user_agent or location')
    .optional()
    .describe('Instead of sql: what is known of each distinct value of the column `from`.'),
  from: name.optional().describe('Of a look-up: the column of the contract.'),
  csv: z
    .strictObject({
      path: z.string().min(1).describe('A CSV file or a pattern, relative to the current folder.'),
      columns: z.array(name).min(1).describe('Which columns of the files the table has, as text.'),
    })
    .optional()
    .describe('Instead of sql: the rows of CSV files of the user. There may be none.'),
  key: z.array(name).min(1).describe('The columns that identify a row of the table.'),
  shareBy: name
    .optional()
    .describe(
      'Column of the contract: the model may be computed over some of its values at a time. Absent: over all at once.',
    ),
  reads: z
    .array(z.string().regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, 'must be dataset.table'))
    .min(1)
    .optional()
    .describe('Tables of other datasets that the query reads, as dataset.table.'),
  audit: z
    .strictObject({
      events: name.describe(
        'Column of the table: how many distinct events the row stands for; the audit adds it up.',
      ),
      amount: name.optional().describe('Column of the table: an amount that the audit adds up.'),
    })
    .optional()
    .describe('Columns of the table that the audit adds up.'),
});

const indexPublication = z.strictObject({
  table: name.describe('The table of a model.'),
  to: z.literal('elasticsearch').describe('To an index of Elasticsearch.'),
  index: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,200}$/, 'must be lower-case letters, digits, ".", "_" and "-"')
    .optional()
    .describe('Alias by which it is found. Absent: <dataset>-<table>. ELASTICSEARCH_INDEX overrides it.'),
});

const warehousePublication = z.strictObject({
  table: name.describe('The table of a model.'),
  to: z.literal('postgres').describe('To a table of the same name in PostgreSQL.'),
  schema: name.default('public').describe('The schema in PostgreSQL.'),
});

const csvPublication = z.strictObject({
  table: z.literal(EVENTS_TABLE, `must be ${EVENTS_TABLE}`).default(EVENTS_TABLE).describe('The events.'),
  to: z.literal('csv').describe('To a CSV file, by export.'),
  path: z
    .string()
    .min(1)
    .optional()
    .describe('The file, relative to EVENTLAKE_HOME. Absent: data/<dataset>.csv.'),
});

/** Where a table is shown to people. */
export const publication = z.discriminatedUnion(
  'to',
  [indexPublication, warehousePublication, csvPublication],
  'must be elasticsearch, postgres or csv',
);

type Columns = readonly z.output<typeof column>[];

/** What is wrong with the models for these columns. */
export function checkModels(
  models: readonly z.output<typeof model>[],
  publish: readonly z.output<typeof publication>[],
  columns: Columns,
  complain: Complain,
): void {
  const identified = new Set(publish.filter(({ to }) => to === 'elasticsearch').map(({ table }) => table));
  for (const [i, model] of models.entries()) {
    const { table, key, shareBy } = model;
    checkKind(model, columns, (path, message) => complain(['models', i, ...path], message));
    if ([EVENTS_TABLE, REJECTED_TABLE].includes(table))
      complain(['models', i, 'table'], `${table} is a table of every dataset`);
    if (models.findIndex((m) => m.table === table) < i)
      complain(['models', i, 'table'], `names ${table} a second time`);
    if (identified.has(table) && key.length > 1)
      complain(
        ['models', i, 'key'],
        'names several columns, and the key of a table that people look at has one',
      );
    else if (identified.has(table))
      for (const [n, named] of key.entries()) mustIdentify(columns, named, ['models', i, 'key', n], complain);
    if (shareBy !== undefined) mustIdentify(columns, shareBy, ['models', i, 'shareBy'], complain);
  }
}

function checkKind(
  { sql, lookup, csv, from, key, shareBy, reads }: z.output<typeof model>,
  columns: Columns,
  complain: Complain,
): void {
  const kinds = [sql, lookup, csv].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) complain(['table'], 'needs one of sql, lookup and csv');
  if (from !== undefined && lookup === undefined) complain(['from'], 'is for a look-up');
  if (lookup !== undefined) {
    const type = columns.find((c) => c.name === from)?.type;
    if (type !== 'string') complain(['lookup'], 'needs from, a column of the contract of type string');
    if (key.length > 1 || key[0] !== from)
      complain(['key'], `must be [${from}], the column that is looked up`);
  }
  if (csv && key.length > 1) complain(['key'], 'must be one column of the files');
  if (csv && !csv.columns.includes(key[0] ?? '')) complain(['key'], 'must be one of the columns of csv');
  for (const [name, value] of Object.entries({ shareBy, reads }))
    if (value !== undefined && sql === undefined) complain([name], 'is for a model with sql');
}

function mustIdentify(columns: Columns, named: string, path: (string | number)[], complain: Complain): void {
  const column = columns.find((c) => c.name === named);
  if (!column) complain(path, `names ${named}, which is not one of the columns`);
  else if (!mayIdentify(column))
    complain(path, `names ${named}, which must be a required column of type int64 or string`);
}

/** What is wrong with what is published of these models. */
export function checkPublications(
  publish: readonly z.output<typeof publication>[],
  models: readonly z.output<typeof model>[],
  complain: Complain,
): void {
  for (const [i, { table, to }] of publish.entries()) {
    if (to !== 'csv' && !models.some((m) => m.table === table))
      complain(['publish', i, 'table'], `names ${table}, which is not the table of a model`);
    if (publish.findIndex((p) => p.table === table && p.to === to) < i)
      complain(['publish', i, 'table'], `names ${table} a second time`);
  }
}
