import type { Column, Dataset } from '../core/dataset.ts';
import { literal } from '../lake/sql.ts';

/** The column's type in DuckDB. Timestamps carry their zone, so that the Parquet files say that they are UTC. */
export function sqlType(column: Column): string {
  const types = {
    string: 'VARCHAR',
    int64: 'BIGINT',
    double: 'DOUBLE',
    boolean: 'BOOLEAN',
    date: 'DATE',
    timestamp: 'TIMESTAMPTZ',
  };
  return column.type in types ? types[column.type as keyof typeof types] : column.type.toUpperCase();
}

const ISO_DATE = '\\d{4}-\\d{2}-\\d{2}';
const ISO_TIMESTAMP = `${ISO_DATE}([T ]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?(Z|[+-][01]\\d(:?[0-5]\\d)?)?)?`;

/**
 * A query that checks staged events against the dataset's contract, one row a record. `staged` is a relation
 * (log_partition, log_offset, log_timestamp, form, value, raw), see staging.ts. The result has these columns, the contract's columns typed (null
 * where they break it), each column's text as `text_N`, and `reason`: null for a good event. docs/data-rules.md lists the reasons in the order in which
 * they are checked.
 */
export function checkedEvents(dataset: Dataset, staged: string): string {
  const { columns } = dataset;
  const paths = `[${columns.map((c) => literal(`$.${c.name}`)).join(', ')}]`;
  const texts = columns.map((_, i) => `nullif(texts[${i + 1}], '') AS text_${i}`);
  const reads = columns.flatMap((c, i) => (isTime(c) ? [`${readTime(c, `text_${i}`)} AS read_${i}`] : []));
  const typed = columns.map((c, i) => `${typedValue(c, `text_${i}`, `read_${i}`)} AS ${c.name}`);
  const doubtful = columns.map((c, i) => mayBeOfAnotherKind(c, `text_${i}`));
  const reasons = columns.flatMap((c, i) => columnReasons(c, `text_${i}`, `kinds[${i + 1}]`));
  return `
WITH records AS (
  SELECT *, form = 'json' AND json_valid(value) AS is_json FROM ${staged}
), parsed AS (
  SELECT *, CASE WHEN is_json THEN json_extract_string(value, ${paths}) END AS texts FROM records
), fields AS (
  SELECT * EXCLUDE (texts), ${texts.join(', ')} FROM parsed
), times AS (
  SELECT ${['*', ...reads].join(', ')} FROM fields
), typed AS (
  SELECT *, ${typed.join(', ')} FROM times
), kinded AS (
  SELECT *,
    CASE WHEN is_json AND NOT starts_with(value, '{') THEN json_type(value) END AS root,
    CASE WHEN is_json AND (${doubtful.join(' OR ')}) THEN json_type(value, ${paths}) END AS kinds
  FROM typed
)
SELECT *,
  CASE
    WHEN form = 'null' THEN 'value:null'
    WHEN form = 'bytes' THEN 'value:invalid_utf8'
    WHEN form = 'large' THEN 'value:too_large'
    WHEN NOT is_json THEN 'value:not_json'
    WHEN root <> 'OBJECT' THEN 'value:not_an_object'
    ${reasons.map(([condition, reason]) => `WHEN ${condition} THEN ${literal(reason)}`).join('\n    ')}
  END AS reason
FROM kinded`;
}

/** The text of the column that a row's `reason` names, for its `detail`. */
export function offendingText(dataset: Dataset): string {
  const cases = dataset.columns.map((c, i) => `WHEN ${literal(c.name)} THEN text_${i}`);
  return `left(CASE split_part(reason, ':', 1) ${cases.join(' ')} END, 200)`;
}

function isTime({ type }: Column): boolean {
  return type === 'timestamp' || type === 'date';
}

/** In a step of its own, or it would be read again wherever it is named. */
function readTime(column: Column, text: string): string {
  return column.format
    ? `try_strptime(${text}, ${literal(column.format)})`
    : `TRY_CAST(${text} AS ${sqlType(column)})`;
}

function typedValue(column: Column, text: string, read: string): string {
  const { type, format } = column;
  if (type === 'string') return text;
  if (type === 'boolean') return `CASE ${text} WHEN 'true' THEN true WHEN 'false' THEN false END`;
  if (isTime(column)) {
    const good = format
      ? isInFormat(text, read, format)
      : `regexp_full_match(${text}, ${literal(type === 'date' ? ISO_DATE : ISO_TIMESTAMP)})`;
    // A cast between timestamps asks the calendar of the session's time zone; microseconds are UTC as they are.
    const value = type === 'date' ? `CAST(${read} AS DATE)` : `make_timestamptz(epoch_us(${read}))`;
    return `CASE WHEN ${good} AND ${read} >= '0001-01-01' AND ${read} < '10000-01-01' THEN ${value} END`;
  }
  return `TRY_CAST(${text} AS ${sqlType(column)})`;
}

/**
 * Whether a value's JSON type has to be looked at, which costs as much as reading it. What is no JSON string reads as JSON once more, and is no
 * number unless it is a JSON number.
 */
function mayBeOfAnotherKind(column: Column, text: string): string {
  const { name, type } = column;
  if (type === 'string' || type === 'boolean' || isTime(column)) return `json_valid(${text})`;
  const limit = exactBelow(column);
  return `(${text} IS NOT NULL AND ${name} IS NULL)${limit === null ? '' : ` OR abs(${name}) >= ${limit}`}`;
}

/** A JSON number with a fraction has been a double on its way here: of a decimal of many digits, only what is below this is surely what was written. */
function exactBelow({ type }: Column): string | null {
  const [digits, scale] = decimalSize(type);
  return digits > 15 ? `1e${15 - scale}` : null;
}

/** Digits and scale of `decimal(12,2)`; 0 and 0 of other types. */
function decimalSize(type: Column['type']): readonly [number, number] {
  const [digits = 0, scale = 0] = type.startsWith('decimal') ? (type.match(/\d+/g) ?? []).map(Number) : [];
  return [digits, scale];
}

/** strptime takes other spacing, fewer digits and words such as "epoch" too: written again, it must be the same text. */
function isInFormat(text: string, read: string, format: string): string {
  return /%[fgnzZ]/.test(format)
    ? `NOT regexp_matches(${text}, '^\\s|\\s$|^-?(infinity|epoch)', 'i')`
    : `strftime(${read}, ${literal(format)}) = ${text}`;
}

/** Condition and reason of each way in which a value can break its column's contract, in the order in which they are checked. */
function columnReasons(column: Column, text: string, kind: string): [string, string][] {
  const { name, type } = column;
  const reasons: [string, string][] = [];
  const add = (condition: string, reason: string) => reasons.push([condition, `${name}:${reason}`]);
  const unlike = (pattern: string) => `NOT regexp_full_match(${text}, ${literal(pattern)})`;
  const failed = `${text} IS NOT NULL AND ${name} IS NULL`;

  if (column.required) add(`${text} IS NULL`, 'missing');
  if (type === 'string' || isTime(column)) add(`${kind} NOT IN ('VARCHAR', 'NULL')`, 'wrong_type');
  else if (type === 'boolean') add(`${kind} NOT IN ('VARCHAR', 'BOOLEAN', 'NULL')`, 'wrong_type');
  else add(`${kind} IN ('BOOLEAN', 'OBJECT', 'ARRAY')`, 'wrong_type');

  if (type === 'boolean') add(failed, 'not_a_boolean');
  else if (type === 'timestamp') add(failed, 'not_a_timestamp');
  else if (type === 'date') add(failed, 'not_a_date');
  else if (type === 'int64') {
    add(unlike('-?[0-9]+'), 'not_an_integer');
    add(failed, 'out_of_range');
  } else if (type === 'double') {
    add(unlike('-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?'), 'not_a_number');
    add(`(${failed}) OR NOT isfinite(${name})`, 'out_of_range');
  } else if (type !== 'string') {
    const [, scale] = decimalSize(type);
    add(unlike('-?[0-9]+(\\.[0-9]+)?'), 'not_a_number');
    add(`regexp_matches(${text}, '\\.[0-9]{${scale}}[0-9]*[1-9]')`, 'too_precise');
    const limit = exactBelow(column);
    if (limit !== null) add(`${kind} = 'DOUBLE' AND abs(${name}) >= ${limit}`, 'too_precise');
    add(failed, 'out_of_range');
  }
  if (column.allowed) add(`${text} NOT IN (${column.allowed.map(literal).join(', ')})`, 'not_allowed');
  const bound = (value: string) => `CAST('${value}' AS ${sqlType(column)})`;
  if (column.min !== undefined) add(`${name} < ${bound(column.min)}`, 'below_minimum');
  if (column.max !== undefined) add(`${name} > ${bound(column.max)}`, 'above_maximum');
  return reasons;
}
