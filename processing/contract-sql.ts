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
  const texts = columns.map(
    (_, i) => `nullif(texts[${i + 1}], '') AS text_${i}, kinds[${i + 1}] AS kind_${i}`,
  );
  const typed = columns.map((c, i) => `${typedValue(c, `text_${i}`)} AS ${c.name}`);
  const reasons = columns.flatMap((c, i) => columnReasons(c, `text_${i}`, `kind_${i}`));
  return `
WITH records AS (
  SELECT *, form = 'json' AND json_valid(value) AS is_json FROM ${staged}
), parsed AS (
  SELECT *,
    CASE WHEN is_json THEN json_type(value) END AS root,
    CASE WHEN is_json THEN json_extract_string(value, ${paths}) END AS texts,
    CASE WHEN is_json THEN json_type(value, ${paths}) END AS kinds
  FROM records
), fields AS (
  SELECT * EXCLUDE (texts, kinds), ${texts.join(', ')} FROM parsed
), typed AS (
  SELECT *, ${typed.join(', ')} FROM fields
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
FROM typed`;
}

/** The text of the column that a row's `reason` names, for its `detail`. */
export function offendingText(dataset: Dataset): string {
  const cases = dataset.columns.map((c, i) => `WHEN ${literal(c.name)} THEN text_${i}`);
  return `left(CASE split_part(reason, ':', 1) ${cases.join(' ')} END, 200)`;
}

function typedValue(column: Column, text: string): string {
  const { type, format } = column;
  if (type === 'string') return text;
  if (type === 'boolean') return `CASE ${text} WHEN 'true' THEN true WHEN 'false' THEN false END`;
  if (type === 'timestamp' || type === 'date') {
    const read = format
      ? `try_strptime(${text}, ${literal(format)})`
      : `TRY_CAST(${text} AS ${sqlType(column)})`;
    const good = format
      ? isInFormat(text, read, format)
      : `regexp_full_match(${text}, ${literal(type === 'date' ? ISO_DATE : ISO_TIMESTAMP)})`;
    return `CASE WHEN ${good} AND ${read} >= '0001-01-01' AND ${read} < '10000-01-01' THEN CAST(${read} AS ${sqlType(column)}) END`;
  }
  return `TRY_CAST(${text} AS ${sqlType(column)})`;
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
  if (type === 'string' || type === 'timestamp' || type === 'date')
    add(`${kind} NOT IN ('VARCHAR', 'NULL')`, 'wrong_type');
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
    const [digits, scale] = (type.match(/\d+/g) ?? []).map(Number);
    add(unlike('-?[0-9]+(\\.[0-9]+)?'), 'not_a_number');
    add(`regexp_matches(${text}, '\\.[0-9]{${scale}}[0-9]*[1-9]')`, 'too_precise');
    // A JSON number with a fraction has been a double on its way here: beyond 15 digits it may not be what was written.
    if (Number(digits) > 15)
      add(`${kind} = 'DOUBLE' AND abs(${name}) >= 1e${15 - Number(scale)}`, 'too_precise');
    add(failed, 'out_of_range');
  }
  if (column.allowed) add(`${text} NOT IN (${column.allowed.map(literal).join(', ')})`, 'not_allowed');
  const bound = (value: string) => `CAST('${value}' AS ${sqlType(column)})`;
  if (column.min !== undefined) add(`${name} < ${bound(column.min)}`, 'below_minimum');
  if (column.max !== undefined) add(`${name} > ${bound(column.max)}`, 'above_maximum');
  return reasons;
}
