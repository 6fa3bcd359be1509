import { z } from 'zod';
import { decimalSize, isColumnType, isEpoch, isNumeric } from '../../core/column-types.ts';
import type { Complain } from './complain.ts';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/**
 * Columns that the lake adds, names that its SQL uses itself, and words with which reasons begin that are
 * about no column.
 */
const RESERVED =
  /^(event_month|log_.*|value|line|share|reason|form|raw|root|is_json|text_\d+|read_\d+|digest)$/;
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

/** What a dataset, a table or a column may be called. */
export const name = z
  .string()
  .regex(NAME, 'must be lower-case letters, digits and _, beginning with a letter');

/**
 * Numbers in a contract are kept as the text that was written, so that `0.10` and 19 digits stay what they
 * are.
 */
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

const STRPTIME = /^([^%\0]|%(-[dHIjmMSy]|[aAbBcdfgGHIjmMpSTuUVwWxXyYzZ%]))*$/;
const YEAR = /%-?[YyGcx]/;

/** One column of the contract. */
export const column = z
  .strictObject({
    name: name.describe(
      'The column in the lake, and in the file or the event unless `from` says another name.',
    ),
    from: z
      .union(
        [
          z.string().min(1).max(200),
          z.strictObject({ key: z.literal(true).describe("The record's key, as text.") }),
          z.strictObject({ header: z.string().min(1).max(200).describe("The header's name.") }),
        ],
        'must be a name, {key: true} or {header: NAME}',
      )
      .optional()
      .describe(
        "The file header's or the JSON field's name, where it differs; or the part of a topic's record that holds the value.",
      ),
    type: z
      .string()
      .refine(
        isColumnType,
        'must be string, int64, double, boolean, date, timestamp, json or decimal(precision,scale) with at most 38 digits',
      )
      .describe('string, int64, double, boolean, date, timestamp, json or decimal(precision,scale).'),
    required: z.boolean().default(false).describe('Must be in the header, and never empty.'),
    description: z.string().optional(),
    allowed: z
      .array(z.string().refine((value) => !value.includes('\0'), 'must not have a NUL'))
      .min(1)
      .optional()
      .describe('The only values allowed, for strings.'),
    min: limit.optional().describe('Smallest value allowed, inclusive.'),
    max: limit.optional().describe('Largest value allowed, inclusive.'),
    zeroDecimals: z
      .boolean()
      .optional()
      .describe('Whole numbers may be written with decimals that are zero, such as 17850.0.'),
    mixed: z.boolean().optional().describe('A value of any JSON type is taken as its text, for strings.'),
    precision: z
      .literal('cut', 'must be cut')
      .optional()
      .describe('cut: digits of a timestamp beyond the microsecond are cut instead of rejected.'),
    format: z
      .string()
      .refine(
        (format) => !/(^|[^%])(%%)*%n/.test(format),
        'must not have %n, as the lake keeps microseconds: without a format, ISO 8601 is read with any number of digits',
      )
      .refine((format) => isEpoch(format) || STRPTIME.test(format), 'has letters that DuckDB does not know')
      .refine((format) => isEpoch(format) || YEAR.test(format), 'has no letter for the year')
      .optional()
      .describe(
        'How a timestamp or date is written: strptime letters, or for a timestamp epoch_s, epoch_ms or epoch_us.',
      ),
  })
  .superRefine((c, context) => {
    const complain = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (c.allowed && c.type !== 'string')
      complain('allowed', `is for string columns, and this one is ${c.type}`);
    if (c.zeroDecimals && c.type !== 'int64')
      complain('zeroDecimals', `is for int64 columns, and this one is ${c.type}`);
    if (c.mixed && c.type !== 'string') complain('mixed', `is for string columns, and this one is ${c.type}`);
    if (c.precision && (c.type !== 'timestamp' || c.format))
      complain('precision', 'is for timestamp columns without a format');
    if (c.format && c.type !== 'timestamp' && c.type !== 'date')
      complain('format', `is for timestamp and date columns, and this one is ${c.type}`);
    if (isEpoch(c.format) && c.type === 'date')
      complain('format', `${c.format} is for timestamp columns, and this one is date`);
    const { digits, scale } = decimalSize(c.type);
    if (scale > digits) complain('type', `has ${scale} decimals, but only ${digits} digits`);
    for (const key of ['min', 'max'] as const) {
      const value = c[key];
      if (value === undefined) continue;
      if (!isNumeric(c.type)) complain(key, `is for numeric columns, and this one is ${c.type}`);
      else if (!isValueOf(value, c.type)) complain(key, `is no value of type ${c.type}`);
    }
  });

/**
 * Whether a limit is a value of its column's type, so that SQL compares the two without a cast that may fail.
 */
function isValueOf(limit: string, type: string): boolean {
  const [isNumber, whole = '', decimals = ''] = /^-?0*(\d*)(?:\.(\d*?)0*)?$/.exec(limit) ?? [];
  if (!isNumber || type === 'double') return true;
  if (type === 'int64') return !limit.includes('.') && BigInt.asIntN(64, BigInt(limit)) === BigInt(limit);
  const { digits, scale } = decimalSize(type);
  return whole.length <= digits - scale && decimals.length <= scale;
}

/** What is wrong with the columns taken together. */
export function checkColumns(columns: readonly z.output<typeof column>[], complain: Complain): void {
  const names = columns.map((c) => c.name);
  const sources = columns.map(({ name, from = name }) =>
    typeof from === 'string' ? from : JSON.stringify(from),
  );
  for (const [i, n] of names.entries()) {
    const from = sources[i] ?? n;
    if (names.indexOf(n) !== i) complain(['columns', i, 'name'], `names ${n} a second time`);
    else if (sources.indexOf(from) !== i)
      complain(
        ['columns', i, columns[i]?.from === undefined ? 'name' : 'from'],
        `${columns[sources.indexOf(from)]?.name} is read from ${from} already`,
      );
    if (RESERVED.test(n)) complain(['columns', i, 'name'], `${n} is a name that the lake uses itself`);
    if (SQL_WORDS.has(n)) complain(['columns', i, 'name'], `${n} is a word of SQL`);
  }
}
