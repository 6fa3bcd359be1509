import { z } from 'zod';
import type { Dataset } from '../../core/dataset.ts';
import { checkColumns, column, name } from './columns.ts';
import type { Complain } from './complain.ts';
import { checkLive, live } from './live.ts';
import { checkModels, checkPublications, model, publication } from './models.ts';
import { checkOverview, overview } from './overview.ts';

const character = z.string().regex(/^[\t\x20-\x7e]$/, 'must be one ASCII character');

const fileSource = z.strictObject({
  type: z.literal('file').describe('Files, which ingest writes into a log of their own.'),
  format: z
    .enum(['csv', 'ndjson'], 'must be csv or ndjson')
    .default('csv')
    .describe('How the file is written: csv, or ndjson for one JSON object a line.'),
  path: z
    .string()
    .min(1)
    .optional()
    .describe('The file, relative to the current folder. Absent: data/<name>.csv, or its .gz.'),
  encoding: z
    .enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'])
    .optional()
    .describe('How text is encoded. Absent: utf-8.'),
  delimiter: character.optional().describe('Of csv: what parts two fields. Absent: a comma.'),
  quote: character
    .or(z.literal(''))
    .optional()
    .describe('Of csv: what encloses a field; empty: nothing does. Absent: a double quote.'),
  escape: character
    .optional()
    .describe('Of csv: what stands before a quote within a field. Absent: a quote, too.'),
  nulls: z
    .array(z.string().min(1))
    .optional()
    .describe('Of csv: values that mean null, besides the empty one.'),
});

const topicSource = z.strictObject({
  type: z.literal('topic').describe('A topic that other programs write; it is only read.'),
  format: z
    .literal('json', 'must be json')
    .default('json')
    .describe("How a record's value is written: a JSON object."),
  topic: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be letters, digits, ., _ and -')
    .optional()
    .describe("The topic's name. Absent: the dataset's name."),
});

const generatorSource = z.strictObject({
  type: z.literal('generator').describe('Simulated readings, which generate --follow makes.'),
  rate: z
    .number()
    .min(0.1, 'must be at least 0.1')
    .max(10_000, 'must be at most 10000')
    .default(5)
    .describe('Readings a second.'),
});

const source = z.discriminatedUnion(
  'type',
  [fileSource, topicSource, generatorSource],
  'must have the type file, topic or generator',
);

const entity = z.strictObject({
  singular: z.string().min(1),
  plural: z.string().min(1),
});

/** A dataset file: the one description of its form. */
export const dataset = z
  .strictObject({
    name,
    description: z.string().optional(),
    download: z.url().optional().describe('Where a person gets the input file.'),
    source: source.default({ type: 'file', format: 'csv' }).describe('Where events come from.'),
    key: name.describe('Column whose value keys each event: equal keys go to one partition, in order.'),
    time: name.describe('Timestamp column; the table is partitioned by its UTC month.'),
    columns: z.array(column).min(1).describe('The contract.'),
    entity: entity
      .default({ singular: 'profile', plural: 'profiles' })
      .describe("What a row of the model's table is called on the page and by the commands."),
    models: z.array(model).default([]).describe('The tables that are derived from the events.'),
    publish: z.array(publication).default([]).describe('Which tables are published, and where to.'),
    overview: overview.optional().describe("Which columns the dashboard's overview is drawn from."),
    reports: z
      .strictObject({
        table: name.describe('The table of a model.'),
        day: name.describe('Column of the table, of type date.'),
      })
      .optional()
      .describe('Where the newest day is that has facts, which the reports are of unless another is named.'),
    live: live.optional().describe('What the page shows of the rows that are exported to CSV, as they come.'),
  })
  .superRefine((d, context) => {
    const complain = (path: readonly (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    checkColumns(d.columns, complain);
    checkParts(d, complain);
    if (!d.columns.some((c) => c.name === d.key))
      complain(['key'], `names ${d.key}, which is not one of the columns`);
    const time = d.columns.find((c) => c.name === d.time);
    if (!time) complain(['time'], `names ${d.time}, which is not one of the columns`);
    else if (time.type !== 'timestamp' || !time.required)
      complain(['time'], `names ${d.time}, which must be a required column of type timestamp`);
    checkModels(d.models, d.publish, d.columns, complain);
    if (d.reports && !d.models.some(({ table }) => table === d.reports?.table))
      complain(['reports', 'table'], `names ${d.reports.table}, which is not the table of a model`);
    checkPublications(d.publish, d.models, complain);
    if (d.source.type === 'file') checkDialect(d.source, complain);
    if (d.live) checkLive(d.live, d.columns, complain);
    if (d.overview) checkOverview(d.overview, d.columns, d.models.length > 0, complain);
  });

/** What is wrong with columns that are read from other parts of records than their values. */
function checkParts(
  { source, columns, key }: Pick<z.output<typeof dataset>, 'source' | 'columns' | 'key'>,
  complain: Complain,
): void {
  for (const [i, { name, from }] of columns.entries()) {
    if (typeof from !== 'object') continue;
    if (source.type !== 'topic') complain(['columns', i, 'from'], 'is a name where the source is no topic');
    else if ('key' in from && name !== key)
      complain(['key'], `must be ${name}, the column that is read from the record's key`);
  }
}

function checkDialect(given: z.output<typeof fileSource>, complain: Complain): void {
  const { format, delimiter = ',', quote = '"' } = given;
  if (format === 'ndjson') {
    for (const key of ['delimiter', 'quote', 'escape', 'nulls'] as const)
      if (given[key] !== undefined) complain(['source', key], 'is for the format csv');
  }
  if (delimiter === quote) complain(['source', 'delimiter'], 'is the same as the quote');
}

/** The JSON Schema of a dataset file, for editors. */
export function datasetJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(dataset, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
}

/**
 * Every key required and writable, so that one type has the keys of another exactly when each may stand for
 * the other.
 */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]-?: Plain<Exclude<T[Key], undefined>> }
    : T;
type Same<A, B> = [A, B] extends [B, A] ? true : false;
type Inferred = Plain<z.output<typeof dataset>>;

/**
 * What the schema gives is a `Dataset`. This does not compile when core/dataset.ts describes another form.
 */
export function asDataset(
  parsed: z.output<typeof dataset>,
): Same<Inferred, Plain<Dataset>> extends true ? Dataset : never {
  return parsed as Dataset;
}
