import { decimalSize, isNumeric } from '../../core/column-types.ts';
import { isEpoch } from '../../core/dataset/type-names.ts';
import type { Column } from '../../core/dataset.ts';
import type { Complain } from './complain.ts';

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

/** What is wrong with the keys of one column taken together. */
export function checkColumn(c: Column, complain: Complain): void {
  if (c.allowed && c.type !== 'string')
    complain(['allowed'], `is for string columns, and this one is ${c.type}`);
  if (c.zeroDecimals && c.type !== 'int64')
    complain(['zeroDecimals'], `is for int64 columns, and this one is ${c.type}`);
  if (c.mixed && c.type !== 'string') complain(['mixed'], `is for string columns, and this one is ${c.type}`);
  if (c.precision && (c.type !== 'timestamp' || c.format))
    complain(['precision'], 'is for timestamp columns without a format');
  if (c.format && c.type !== 'timestamp' && c.type !== 'date')
    complain(['format'], `is for timestamp and date columns, and this one is ${c.type}`);
  if (isEpoch(c.format) && c.type === 'date')
    complain(['format'], `${c.format} is for timestamp columns, and this one is date`);
  const { digits, scale } = decimalSize(c.type);
  if (scale > digits) complain(['type'], `has ${scale} decimals, but only ${digits} digits`);
  for (const key of ['min', 'max'] as const) {
    const value = c[key];
    if (value === undefined) continue;
    if (!isNumeric(c.type)) complain([key], `is for numeric columns, and this one is ${c.type}`);
    else if (!isValueOf(value, c.type)) complain([key], `is no value of type ${c.type}`);
  }
}

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
export function checkColumns(columns: readonly Column[], complain: Complain): void {
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
