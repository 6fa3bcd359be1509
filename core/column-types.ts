import { partOf } from './column-source.ts';
import { EPOCHS, isEpoch, type TypeName, typeNameOf } from './dataset/type-names.ts';
import type { Column, ColumnType } from './dataset.ts';
import { type FieldType, namesOf } from './field-types.ts';
import { literal } from './sql.ts';

/**
 * A condition in SQL under which a value breaks its contract, and the word for it: the second half of the
 * reason.
 */
type Failure = readonly [condition: string, word: string];

/**
 * What the lake and the contract make of one column type. The SQL speaks of three expressions: `text`, the
 * value's text in the event or null; `read`, what `read` made of it; `written`, the value as JSON where it is
 * doubtful, else null; and the column's own name, which stands for the typed value.
 */
interface TypeOfColumn {
  field(type: ColumnType): FieldType;
  /** Takes `min` and `max`. */
  readonly numeric?: true;
  /** A step before `value`, or it would be computed again wherever it is named. */
  read?(column: Column, text: string): string;
  /** The typed value; null where it breaks the contract. */
  value(column: Column, text: string, read: string): string;
  /**
   * When the value surely keeps what `wrongKinds` and `failures` ask, which are as dear as reading it. True
   * of every good value but one whose JSON type must be looked at: what is no JSON string reads as JSON
   * again. Never true of a null.
   */
  certain(column: Column, text: string, read: string): string;
  /** The JSON types that the column does not take, as a condition on `written`; null when it takes all. */
  readonly wrongKinds: string | null;
  /** In the order in which they are checked. */
  failures(column: Column, text: string, written: string): readonly Failure[];
}

/** The first character of a value in JSON tells its type. */
const TEXT_ALONE = `NOT LIKE '"%'`;
const NO_NUMBER = "SIMILAR TO '[tf{\\[][\\s\\S]*'";
const INTEGER = '-?[0-9]+';
const ZERO_DECIMALS = `${INTEGER}(\\.0+)?`;
const NUMBER = `${INTEGER}(\\.[0-9]+)?`;
const DOUBLE = `${NUMBER}([eE][+-]?[0-9]+)?`;
const ISO_DATE = '\\d{4}-\\d{2}-\\d{2}';
/** With any number of decimals of a second: the cast cuts what is beyond the microsecond. */
const ISO_TIMESTAMP = `${ISO_DATE}([T ]\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-][01]\\d(:?[0-5]\\d)?)?)?`;
const BEYOND_MICROSECOND = '\\.\\d{6}0*[1-9]';
/** The first instant of the year 1 and of the year 10,000, in seconds since the epoch. */
const YEARS = { from: -62_135_596_800n, to: 253_402_300_800n };

const cast = (column: Column, text: string) => `TRY_CAST(${text} AS ${duckDbType(column)})`;
const isLike = (text: string, pattern: string) => `regexp_full_match(${text}, ${literal(pattern)})`;
const unlike = (text: string, pattern: string) => `NOT ${isLike(text, pattern)}`;
const isTooPrecise = (text: string) => `regexp_matches(${text}, ${literal(BEYOND_MICROSECOND)})`;
const noJson = (text: string) => `NOT json_valid(${text})`;
const kept = ({ name }: Column) => `${name} IS NOT NULL`;
const failed = ({ name }: Column, text: string) => `${text} IS NOT NULL AND ${name} IS NULL`;

/** One entry for each type that a contract may name. What stands here is known everywhere. */
const COLUMN_TYPES: Readonly<Record<TypeName, TypeOfColumn>> = {
  string: {
    field: () => 'string',
    value: (_column, text) => text,
    certain: (_column, text) => noJson(text),
    wrongKinds: TEXT_ALONE,
    failures: () => [],
  },
  int64: {
    field: () => 'long',
    numeric: true,
    value: (column, text) =>
      cast(column, column.zeroDecimals ? `regexp_replace(${text}, '\\.0+$', '')` : text),
    certain: (column, text) =>
      column.zeroDecimals
        ? `${isLike(text, ZERO_DECIMALS)} AND NOT ${inexactAsDouble(column)}`
        : isInteger(text, column.name),
    wrongKinds: NO_NUMBER,
    failures: (column, text, written) => [
      [unlike(text, column.zeroDecimals ? ZERO_DECIMALS : INTEGER), 'not_an_integer'],
      ...(column.zeroDecimals
        ? [[`json_type(${written}) = 'DOUBLE' AND ${inexactAsDouble(column)}`, 'too_precise'] as const]
        : []),
      [failed(column, text), 'out_of_range'],
    ],
  },
  double: {
    field: () => 'double',
    numeric: true,
    value: cast,
    certain: (column, text) => `${isLike(text, DOUBLE)} AND isfinite(${column.name})`,
    wrongKinds: NO_NUMBER,
    failures: (column, text) => [
      [unlike(text, DOUBLE), 'not_a_number'],
      [`(${failed(column, text)}) OR NOT isfinite(${column.name})`, 'out_of_range'],
    ],
  },
  boolean: {
    field: () => 'boolean',
    value: (_column, text) => `CASE ${text} WHEN 'true' THEN true WHEN 'false' THEN false END`,
    certain: kept,
    wrongKinds: `NOT SIMILAR TO '["tf][\\s\\S]*'`,
    failures: (column, text) => [[failed(column, text), 'not_a_boolean']],
  },
  date: {
    field: () => 'date',
    read: readTime,
    // A cast between timestamps asks the calendar of the session's time zone; a date has none.
    value: (column, text, read) => timeValue(column, text, read, ISO_DATE, `CAST(${read} AS DATE)`),
    certain: certainTime,
    wrongKinds: TEXT_ALONE,
    failures: (column, text) => [[failed(column, text), 'not_a_date']],
  },
  timestamp: {
    field: () => 'timestamp',
    read: readTime,
    // Microseconds are UTC as they are.
    value: (column, text, read) =>
      timeValue(column, text, read, ISO_TIMESTAMP, `make_timestamptz(epoch_us(${read}))`),
    certain: (column, text) =>
      asksPrecision(column)
        ? `${certainTime(column, text)} AND NOT ${isTooPrecise(text)}`
        : certainTime(column, text),
    wrongKinds: TEXT_ALONE,
    failures: (column, text) => [
      ...(asksPrecision(column)
        ? [[`${isLike(text, ISO_TIMESTAMP)} AND ${isTooPrecise(text)}`, 'too_precise'] as const]
        : []),
      [failed(column, text), 'not_a_timestamp'],
    ],
  },
  json: {
    field: () => 'string',
    value: (_column, text) => `CASE WHEN ${isStrictJson(text)} THEN ${text} END`,
    certain: kept,
    wrongKinds: null,
    failures: (column, text) => [[failed(column, text), 'not_json']],
  },
  decimal: {
    field: (type) => type as FieldType,
    numeric: true,
    value: cast,
    certain: (column, text) => {
      const limit = exactBelow(column);
      const good = `${isLike(text, decimalOf(column))} AND ${kept(column)}`;
      return limit === null ? good : `${good} AND abs(${column.name}) < ${limit}`;
    },
    wrongKinds: NO_NUMBER,
    failures: (column, text, written) => {
      const limit = exactBelow(column);
      return [
        [unlike(text, NUMBER), 'not_a_number'],
        [`regexp_matches(${text}, '\\.[0-9]{${decimalSize(column.type).scale}}[0-9]*[1-9]')`, 'too_precise'],
        ...(limit === null
          ? []
          : [
              [
                `json_type(${written}) = 'DOUBLE' AND abs(${column.name}) >= ${limit}`,
                'too_precise',
              ] as const,
            ]),
        [failed(column, text), 'out_of_range'],
      ];
    },
  },
};

/**
 * A timestamp that is written as a number, `format: epoch_s` and the like: read as a whole number, out of
 * range beyond the years 1 to 9999.
 */
const EPOCH_TIMESTAMP: Omit<TypeOfColumn, 'field'> = {
  read: (_column, text) => `TRY_CAST(${text} AS BIGINT)`,
  value: ({ format }, _text, read) => {
    const units = EPOCHS[format ?? ''] ?? 1n;
    const [from, to] = [YEARS.from * units, YEARS.to * units];
    return `CASE WHEN ${read} >= ${from} AND ${read} < ${to} THEN make_timestamptz(${read} * ${1_000_000n / units}) END`;
  },
  certain: (column, text, read) => `${isInteger(text, read)} AND ${kept(column)}`,
  wrongKinds: NO_NUMBER,
  failures: (column, text) => [
    [unlike(text, INTEGER), 'not_a_timestamp'],
    [failed(column, text), 'out_of_range'],
  ],
};

function entryOf(type: string): TypeOfColumn {
  const name = typeNameOf(type);
  if (name === undefined) throw new Error(`no column has type ${type}`);
  return COLUMN_TYPES[name];
}

/** How the column's values are checked and typed. Another part of a record than its value is always text. */
export function contractSqlOf(column: Column): Omit<TypeOfColumn, 'field'> {
  const { type, format, mixed } = column;
  const entry = isEpoch(format) ? EPOCH_TIMESTAMP : entryOf(type);
  if (!mixed && !partOf(column)) return entry;
  const certain =
    type === 'string' ? (_column: Column, text: string) => `${text} IS NOT NULL` : entry.certain;
  return { ...entry, certain, wrongKinds: null };
}

/** Whether values of the type are numbers, with a smallest and a largest. */
export function isNumeric(type: string): boolean {
  const name = typeNameOf(type);
  return name !== undefined && COLUMN_TYPES[name].numeric === true;
}

/** The type of the column in the lake. */
export function fieldTypeOf(type: ColumnType): FieldType {
  return entryOf(type).field(type);
}

/**
 * The type of the column in DuckDB. Timestamps carry their zone, so that the Parquet files say that they are
 * UTC.
 */
export function duckDbType({ type }: Column): string {
  return namesOf(fieldTypeOf(type)).duckdb;
}

/** Digits and scale of `decimal(12,2)`; 0 and 0 of other types. */
export function decimalSize(type: string): { readonly digits: number; readonly scale: number } {
  const [, digits = 0, scale = 0] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? [];
  return { digits: Number(digits), scale: Number(scale) };
}

/**
 * A JSON number with a fraction has been a double on its way here: of a decimal of many digits, only what is
 * below this is surely what was written.
 */
function exactBelow({ type }: Column): string | null {
  const { digits, scale } = decimalSize(type);
  return digits > 15 ? `1e${15 - scale}` : null;
}

/**
 * The same of an integer: a number such as 17850.0 in JSON has been a double, which holds those below 2^53
 * exactly.
 */
function inexactAsDouble({ name }: Column): string {
  return `${name} NOT BETWEEN -9007199254740991 AND 9007199254740991`;
}

/** Most are written as DuckDB writes them, which costs less to see than a regular expression. */
function isInteger(text: string, value: string): string {
  return `${value} IS NOT NULL AND CASE WHEN CAST(${value} AS VARCHAR) = ${text} THEN true ELSE ${isLike(text, INTEGER)} END`;
}

/** What fits the scale; decimals beyond it must be zeros. */
function decimalOf({ type }: Column): string {
  const { scale } = decimalSize(type);
  return `${INTEGER}(\\.${scale === 0 ? '0+' : `[0-9]{1,${scale}}0*`})?`;
}

/** A time in ISO 8601 is no JSON, one in another format may be a number. */
function certainTime(column: Column, text: string): string {
  return column.format ? `${kept(column)} AND ${noJson(text)}` : kept(column);
}

function asksPrecision({ format, precision }: Column): boolean {
  return !format && precision !== 'cut';
}

function readTime(column: Column, text: string): string {
  if (column.format) return `try_strptime(${text}, ${literal(column.format)})`;
  // The cast takes no zone right after the minutes, as in 2020-02-29T12:34Z. Few steps, as each takes memory
  // for 2,048 values; and no IN: with one in each of a thousand columns, DuckDB plans for half a minute.
  const withSeconds = `regexp_replace(${text}, '^(.{16})([Z+-])', '\\1:00\\2')`;
  return `coalesce(${cast(column, text)}, ${cast(column, withSeconds)})`;
}

function timeValue({ format }: Column, text: string, read: string, iso: string, value: string): string {
  const good = format ? isInFormat(text, read, format) : isLike(text, iso);
  return `CASE WHEN ${good} AND ${read} >= '0001-01-01' AND ${read} < '10000-01-01' THEN ${value} END`;
}

/**
 * strptime takes other spacing, fewer digits and words such as "epoch" too: written again, it must be the
 * same text.
 */
function isInFormat(text: string, read: string, format: string): string {
  return /%[fgzZ]/.test(format)
    ? `NOT regexp_matches(${text}, '^\\s|\\s$|^-?(infinity|epoch)', 'i')`
    : `strftime(${read}, ${literal(format)}) = ${text}`;
}

/** DuckDB takes NaN, Infinity and a comma before a closing bracket for JSON, which other readers do not. */
function isStrictJson(text: string): string {
  const withoutStrings = `regexp_replace(${text}, '"(\\\\.|[^"\\\\])*"', '0', 'g')`;
  return `json_valid(${text}) AND NOT regexp_matches(${withoutStrings}, 'nan|inf|,\\s*[\\]}]', 'i')`;
}
