import { type Document, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type Dataset, EVENTS_TABLE, REJECTED_TABLE } from '../core/dataset.ts';
import { UsageError } from '../core/errors.ts';

/** What a dataset, a column or a table may be called. */
export const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** Columns that the lake adds, names that its SQL uses itself, and words with which reasons begin that are about no column. */
const RESERVED =
  /^(event_month|log_.*|value|line|share|reason|form|raw|root|is_json|texts|kinds|text_\d+|read_\d+|digest)$/;
/** Words that SQL does not take as a column's name (DuckDB's `duckdb_keywords()`, reserved or a function). */
const SQL_WORDS = new Set(
  `all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check collate collation
  column columns concurrently constraint create cross default deferrable desc describe distinct do else end except false fetch for
  foreign freeze from full generated glob group having ilike in initially inner intersect into is isnull join lambda lateral leading
  left like limit map natural not notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider placing
  positional primary qualify references returning right select semi show similar some struct summarize symmetric table tablesample
  then to trailing true try_cast union unique unpack unpivot using variadic verbose when where window with`.split(
    /\s+/,
  ),
);
const name = z.string().regex(NAME, 'must be lower-case letters, digits and _, beginning with a letter');

const columnType = z
  .string()
  .regex(
    /^(string|int64|double|boolean|date|timestamp|decimal\(([1-9]|[12]\d|3[0-8]),([0-9]|[12]\d|3[0-8])\))$/,
    'must be string, int64, double, boolean, date, timestamp or decimal(precision,scale) with at most 38 digits',
  );

/** Numbers in a contract are kept as the text that was written, so that `0.10` and 19 digits stay what they are. */
const limit = z
  .union([z.string(), z.number()])
  .transform((limit) =>
    typeof limit === 'number' && Math.abs(limit) > Number.MAX_SAFE_INTEGER ? 'imprecise' : String(limit),
  )
  .pipe(
    z
      .string()
      .regex(/^-?\d+(\.\d+)?$/, 'must be a plain decimal number; quote it if it has more than 15 digits'),
  );

const column = z
  .strictObject({
    name: name.describe('The column in the file and in the lake.'),
    type: columnType.describe('string, int64, double, boolean, date, timestamp or decimal(precision,scale).'),
    required: z.boolean().default(false).describe('Must be in the header, and never empty.'),
    description: z.string().optional(),
    allowed: z.array(z.string()).min(1).optional().describe('The only values allowed, for strings.'),
    min: limit.optional().describe('Smallest value allowed, inclusive.'),
    max: limit.optional().describe('Largest value allowed, inclusive.'),
    format: z
      .string()
      .regex(
        /^([^%]|%(-[dHIjmMSy]|[aAbBcdfgGHIjmMnpSTuUVwWxXyYzZ%]))*$/,
        'has letters that DuckDB does not know',
      )
      .regex(/%-?[YyGcx]/, 'has no letter for the year')
      .optional()
      .describe('How a timestamp or date is written, in strptime letters.'),
  })
  .superRefine((c, context) => {
    const numeric = /^(int64|double|decimal)/.test(c.type);
    const complain = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (c.allowed && c.type !== 'string')
      complain('allowed', `is for string columns, and this one is ${c.type}`);
    if (c.format && c.type !== 'timestamp' && c.type !== 'date')
      complain('format', `is for timestamp and date columns, and this one is ${c.type}`);
    if (c.min && !numeric) complain('min', `is for numeric columns, and this one is ${c.type}`);
    if (c.max && !numeric) complain('max', `is for numeric columns, and this one is ${c.type}`);
    const [precision, scale] = decimalSize(c.type);
    if (scale > precision) complain('type', `has ${scale} decimals, but only ${precision} digits`);
    for (const key of ['min', 'max'] as const) {
      if (numeric && c[key] !== undefined && !isValueOf(c[key], c.type))
        complain(key, `is no value of type ${c.type}`);
    }
  });

function decimalSize(type: string): [precision: number, scale: number] {
  const [, precision = 0, scale = 0] = /(\d+),(\d+)/.exec(type) ?? [];
  return [Number(precision), Number(scale)];
}

/** Whether a limit is a value of its column's type, so that SQL compares the two without a cast that may fail. */
function isValueOf(limit: string, type: string): boolean {
  const [isNumber, whole = '', decimals = ''] = /^-?0*(\d*)(?:\.(\d*?)0*)?$/.exec(limit) ?? [];
  if (!isNumber || type === 'double') return true;
  if (type === 'int64') return !limit.includes('.') && BigInt.asIntN(64, BigInt(limit)) === BigInt(limit);
  const [precision, scale] = decimalSize(type);
  return whole.length <= precision - scale && decimals.length <= scale;
}

const model = z.strictObject({
  table: name.describe("The derived table's name."),
  sql: z
    .string()
    .regex(/^[a-z0-9_]+\.sql$/, 'must be a file name such as profiles.sql')
    .describe('File beside dataset.yml.'),
  key: name.describe('One row a value of this column, which both the contract and the model have.'),
  eventsColumn: name.describe(
    'Model column: how many distinct events the row stands for; the audit adds it up.',
  ),
  amountColumn: name.optional().describe('Model column: an amount that the audit adds up.'),
});

const overview = z.strictObject({
  type: name.optional().describe('String column: what kind of event it is.'),
  funnel: z
    .array(z.string())
    .min(1)
    .max(12)
    .optional()
    .describe('Values of `type` on the way to a purchase, which is the last.'),
  amount: name.optional().describe('int64 or decimal column: what the event is worth.'),
  category: name.optional().describe('Column by whose values events are grouped and filtered.'),
  brand: name.optional().describe('A second such column.'),
  session: name.optional().describe('Column whose value events of one visit share.'),
  segment: name.optional().describe('Model column that puts each customer into a group.'),
});

const dataset = z
  .strictObject({
    name,
    description: z.string().optional(),
    source: z.url().optional().describe('Where a person gets the input file.'),
    key: name.describe('Column whose value keys each event.'),
    time: name.describe('Timestamp column; the table is partitioned by its UTC month.'),
    columns: z.array(column).min(1),
    model: model.optional(),
    overview: overview.optional().describe("Which columns the dashboard's overview is drawn from."),
  })
  .superRefine((d, context) => {
    const names = d.columns.map((c) => c.name);
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const [i, n] of names.entries()) {
      if (names.indexOf(n) !== i) complain(['columns', i, 'name'], `names ${n} a second time`);
      if (RESERVED.test(n)) complain(['columns', i, 'name'], `${n} is a name that the lake uses itself`);
      if (SQL_WORDS.has(n)) complain(['columns', i, 'name'], `${n} is a word of SQL`);
    }
    if (!names.includes(d.key)) complain(['key'], `names ${d.key}, which is not one of the columns`);
    const time = d.columns.find((c) => c.name === d.time);
    if (!time) complain(['time'], `names ${d.time}, which is not one of the columns`);
    else if (time.type !== 'timestamp' || !time.required)
      complain(['time'], `names ${d.time}, which must be a required column of type timestamp`);
    if (d.model && [EVENTS_TABLE, REJECTED_TABLE].includes(d.model.table))
      complain(['model', 'table'], `${d.model.table} is a table of every dataset`);
    const key = d.columns.find((c) => c.name === d.model?.key);
    if (d.model && !key) complain(['model', 'key'], `names ${d.model.key}, which is not one of the columns`);
    else if (key && !(key.required && ['int64', 'string'].includes(key.type)))
      complain(
        ['model', 'key'],
        `names ${key.name}, which must be a required column of type int64 or string`,
      );
    for (const [role, message] of overviewFaults(d)) complain(['overview', role], message);
  });

function overviewFaults(d: {
  columns: z.infer<typeof column>[];
  model?: unknown;
  overview?: z.infer<typeof overview> | undefined;
}): [role: string, message: string][] {
  const roles = d.overview ?? {};
  const faults: [string, string][] = [];
  for (const role of ['type', 'amount', 'category', 'brand', 'session'] as const) {
    const named = roles[role];
    const type = d.columns.find((c) => c.name === named)?.type;
    if (named === undefined) continue;
    if (!type) faults.push([role, `names ${named}, which is not one of the columns`]);
    else if (role === 'amount' && !/^(int64|decimal)/.test(type))
      faults.push([role, `names ${named}, which must be of type int64 or decimal`]);
    else if (role === 'type' && type !== 'string')
      faults.push([role, `names ${named}, which must be of type string`]);
  }
  const { allowed } = d.columns.find((c) => c.name === roles.type) ?? {};
  const unknown = roles.funnel?.find((step) => allowed && !allowed.includes(step));
  if (roles.funnel && !roles.type) faults.push(['funnel', 'needs type, the column that holds its steps']);
  if (new Set(roles.funnel).size !== (roles.funnel?.length ?? 0))
    faults.push(['funnel', 'names a step twice']);
  if (unknown !== undefined)
    faults.push(['funnel', `names ${unknown}, which ${roles.type} is not allowed to be`]);
  if (roles.segment && !d.model) faults.push(['segment', 'needs a model, of which it is a column']);
  return faults;
}

/** The JSON Schema of a dataset file, for editors. */
export function datasetJsonSchema(): object {
  return z.toJSONSchema(dataset, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
}

/**
 * Parses and checks the text of a dataset file.
 * @throws UsageError `dataset:invalid` naming file, line and key of everything that is wrong.
 */
export function parseDataset(text: string, file: string): Dataset {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors[0];
  if (syntax) {
    const at = lines.linePos(syntax.pos[0]);
    throw new UsageError('dataset:invalid', `${file}:${at.line}: ${syntax.message.split('\n')[0]}`);
  }
  const result = dataset.safeParse(contentsOf(document, file));
  if (result.success) return result.data as Dataset;
  const complaints = result.error.issues.map((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code === 'unrecognized_keys' && issue.keys[0]) path.push(issue.keys[0]);
    let known: (string | number)[] = path;
    let node = document.getIn(known, true) as { range?: [number, number, number] } | undefined;
    while (!node?.range && known.length > 0) {
      known = known.slice(0, -1);
      node = document.getIn(known, true) as typeof node;
    }
    const line = node?.range ? lines.linePos(node.range[0]).line : 1;
    return `${file}:${line}: ${path.join('.') || 'the dataset'}: ${issue.message}`;
  });
  throw new UsageError('dataset:invalid', complaints.join('\n'), {
    hint: 'config/datasets/dataset.schema.json describes every key; editors with YAML support show it while you type.',
  });
}

function contentsOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // An alias without its anchor shows only here.
    throw new UsageError('dataset:invalid', `${file}: ${(cause as Error).message}`, { cause });
  }
}
