import { decimalSize, fieldTypeOf } from '../../core/column-types.ts';
import { isEpoch } from '../../core/dataset/type-names.ts';
import type { Column } from '../../core/dataset.ts';
import { namesOf } from '../../core/field-types.ts';
import { matches, text } from './sql-text.ts';

/**
 * A column's value in Spark SQL, and when it is certain: every reader of the event, DuckDB included, takes it
 * for this very value, and it keeps the contract. A condition that is null does not hold.
 */
export interface CertainValue {
  readonly value: string;
  /** Speaks of the value by the column's name. */
  readonly when: string;
}

/** What a column's value is computed from, as SQL. */
export interface ValueParts {
  /** Its text in the event; null where there is none or it is empty. */
  readonly text: string;
  /** What `schema_of_variant` says of it: STRING, BIGINT, BOOLEAN, DOUBLE, DECIMAL(p,s), … */
  readonly kind: string;
  /** Whether the event may have a number with a fraction or an exponent, which are known without zeros. */
  readonly fractions: string;
}

type CertainOf = (column: Column, parts: ValueParts) => CertainValue;

/** Numbers of more digits are other ones once they were doubles. */
const EXACT_DIGITS = 15;
/** Years in which no calendar, and no way of writing a year, differs; a day before the end for any zone. */
const YEAR = '(?:1[5-9]|[2-8][0-9])[0-9]{2}';
const DATE = `${YEAR}-[0-9]{2}-[0-9]{2}`;
const TIMESTAMP = `${DATE}(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?)?`;
/** What strptime's letters stand for that always have as many digits, and their places in ISO 8601. */
const LETTERS: Readonly<Record<string, string>> = {
  '%Y': YEAR,
  '%m': '[0-9]{2}',
  '%d': '[0-9]{2}',
  '%H': '[0-9]{2}',
  '%M': '[0-9]{2}',
  '%S': '[0-9]{2}',
};
/** Formats of text that Spark casts as it is. */
const ISO_FORMAT = /^%Y-%m-%d(?:[ T]%H:%M:%S(?: UTC|Z)?)?$/;
/** Functions that make a timestamp of a count since 1970, and the digits of counts within the year 9999. */
const EPOCHS: Readonly<Record<string, readonly [string, number]>> = {
  epoch_s: ['timestamp_seconds', 11],
  epoch_ms: ['timestamp_millis', 14],
  epoch_us: ['timestamp_micros', 17],
};
const NEVER: CertainValue = { value: 'NULL', when: 'false' };

const cast = (column: Column, value: string) => `try_cast(${value} AS ${sparkType(column)})`;
/** Whether the text is a number of the pattern. Most are written as Spark writes them, which shows sooner. */
const isWritten = ({ name }: Column, t: string, pattern: string) =>
  `(CAST(${name} AS STRING) = ${t} OR ${matches(t, pattern)})`;
/** Only text that may be the beginning of another JSON value needs a look at what it is. */
const isText = ({ text: t, kind }: ValueParts) =>
  `(${t} RLIKE ${text('\\A[^-0-9tf{\\[]')} OR ${kind} = 'STRING')`;
const isWhole = ({ kind, fractions }: ValueParts) => `(NOT ${fractions} OR ${kind} IN ('STRING', 'BIGINT'))`;

/** By the type's name without parameters: one entry for each that a contract may name. */
const CERTAIN: Readonly<Record<string, CertainOf>> = {
  string: (_column, parts) => ({ value: parts.text, when: isText(parts) }),
  int64(column, parts) {
    const value = cast(column, column.zeroDecimals ? `split_part(${parts.text}, '.', 1)` : parts.text);
    const whole = `(${isWritten(column, parts.text, '-?[0-9]{1,19}')} AND ${column.name} IS NOT NULL AND ${isWhole(parts)})`;
    if (!column.zeroDecimals) return { value, when: whole };
    return { value, when: `(${whole} OR ${matches(parts.text, `-?[0-9]{1,${EXACT_DIGITS}}(?:\\.0+)?`)})` };
  },
  double(column, parts) {
    const written = matches(parts.text, '-?[0-9]{1,40}(?:\\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?');
    // The sign of a zero is lost in a number of JSON.
    return {
      value: cast(column, parts.text),
      when: `(${written} AND (${column.name} <> 0 OR ${parts.kind} IN ('STRING', 'BIGINT')))`,
    };
  },
  decimal(column, parts) {
    const { digits, scale } = decimalSize(column.type);
    const whole = digits > scale ? `[0-9]{1,${digits - scale}}` : '0';
    const written = isWritten(
      column,
      parts.text,
      `-?${whole}${scale > 0 ? `(?:\\.[0-9]{1,${scale}})?` : ''}`,
    );
    const value = cast(column, parts.text);
    if (digits <= EXACT_DIGITS) return { value, when: written };
    // A number with a fraction may have been a double, and of a wide decimal only a small one is exact then.
    const exact = `abs(${column.name}) < 9e${EXACT_DIGITS - 1 - scale}`;
    return { value, when: `(${written} AND (${exact} OR ${parts.kind} IN ('STRING', 'BIGINT')))` };
  },
  boolean: (_column, { text: t }) => ({ value: `${t} = 'true'`, when: `${t} IN ('true', 'false')` }),
  date: (column, parts) => timeOf(column, parts, DATE),
  timestamp(column, parts) {
    if (!isEpoch(column.format)) return timeOf(column, parts, TIMESTAMP);
    const [make, digits] = EPOCHS[column.format ?? ''] ?? ['timestamp_seconds', 0];
    return {
      value: `${make}(try_cast(${parts.text} AS BIGINT))`,
      when: `(${matches(parts.text, `[0-9]{1,${digits}}`)} AND ${parts.text} < '${'8'.repeat(digits)}' AND ${isWhole(parts)})`,
    };
  },
  json: (_column, parts) => ({
    value: parts.text,
    when: `(${parts.kind} = 'STRING' AND ${isJson(parts.text)})`,
  }),
};

/** The column's value, where its text is not null; its `allowed`, `min` and `max` not looked at. */
export function certainValue(column: Column, parts: ValueParts): CertainValue {
  return (CERTAIN[column.type.replace(/\(.*/, '')] ?? (() => NEVER))(column, parts);
}

/** The type of the column in Spark. */
export function sparkType({ type }: Column): string {
  return namesOf(fieldTypeOf(type)).spark;
}

/**
 * The JSON value alone, and not what follows it: Spark's readers stop at its end. What is read is a list of
 * the value and of a mark that is in no value.
 */
export function readJson(value: string): string {
  return `try_parse_json(concat('[', ${value}, ',"${MARK}"]'))`;
}

/** Whether that what was read by {@link readJson} is the whole. */
export function isWholeJson(variant: string): string {
  return `try_variant_get(${variant}, '$[1]', 'string') = '${MARK}'`;
}

const MARK = crypto.randomUUID();

function isJson(value: string): string {
  return `coalesce(${isWholeJson(readJson(value))}, false)`;
}

function timeOf(column: Column, parts: ValueParts, iso: string): CertainValue {
  if (!column.format) {
    const value = cast(column, parts.text);
    return { value, when: `(${matches(parts.text, iso)} AND ${column.name} IS NOT NULL)` };
  }
  const read = formatOf(column.format);
  if (read === null) return NEVER;
  const text8601 = ISO_FORMAT.test(column.format)
    ? parts.text
    : `regexp_replace(${parts.text}, ${text(`\\A${read.groups}\\z`)}, ${text(read.iso)})`;
  const conditions = [matches(parts.text, read.pattern), `${column.name} IS NOT NULL`];
  if (!read.isNoNumber) conditions.push(isText(parts));
  // A cast to a date does not look at the time that follows it.
  const value = `CAST(try_cast(${text8601} AS TIMESTAMP) AS ${sparkType(column)})`;
  return { value, when: `(${conditions.join(' AND ')})` };
}

/** What Spark needs to know of a format of time. */
interface TimeFormat {
  /** What its texts match. */
  readonly pattern: string;
  /** The same, each of its letters a group. */
  readonly groups: string;
  /** Makes ISO 8601 of these groups. */
  readonly iso: string;
  /** Whether a text that matches is that of no other JSON value: it begins with a digit and is no number. */
  readonly isNoNumber: boolean;
}

/** A format as Spark needs it; null where it has other letters. */
function formatOf(format: string): TimeFormat | null {
  const pieces = format.match(/%.|[^%]+/gs) ?? [];
  const isLetter = (piece: string) => piece.startsWith('%');
  const letters = pieces.filter(isLetter);
  const known = letters.every((letter) => Object.hasOwn(LETTERS, letter));
  if (!known || new Set(letters).size < letters.length) return null;
  if (!['%Y', '%m', '%d'].every((letter) => letters.includes(letter))) return null;
  const join = (ofDigits: (digits: string) => string) =>
    pieces
      .map((piece) =>
        isLetter(piece) ? ofDigits(LETTERS[piece] ?? '') : piece.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
      )
      .join('');
  // Each letter is one group of the pattern, and the groups are numbered.
  const part = (letter: string) => (letters.includes(letter) ? `$${letters.indexOf(letter) + 1}` : '00');
  const [year, month, day, ...time] = ['%Y', '%m', '%d', '%H', '%M', '%S'].map(part);
  return {
    pattern: join((digits) => digits),
    groups: join((digits) => `(${digits})`),
    iso: `${year}-${month}-${day}T${time.join(':')}Z`,
    isNoNumber: isLetter(format) && pieces.some((piece) => !isLetter(piece) && /[^-+.0-9eE]/.test(piece)),
  };
}
