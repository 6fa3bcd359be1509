import { contractSqlOf, duckDbType } from '../core/column-types.ts';
import { type Column, type Dataset, nameInSource } from '../core/dataset.ts';
import { literal } from '../lake/sql.ts';

/**
 * A query that checks staged events against the dataset's contract, one row a record. `staged` is a relation
 * (log_partition, log_offset, log_timestamp, form, value, raw), see staging.ts. The result has these columns, the contract's columns typed (null
 * where they break it), each column's text as `text_N`, and `reason`: null for a good event. docs/data-rules.md lists the reasons in the order in which
 * they are checked.
 */
export function checkedEvents(dataset: Dataset, staged: string): string {
  const { columns } = dataset;
  const paths = `[${columns.map((c) => literal(jsonPath(c))).join(', ')}]`;
  const texts = columns.map((_, i) => `nullif(texts[${i + 1}], '') AS text_${i}`);
  const reads = columns.flatMap((c, i) => {
    const read = contractSqlOf(c).read?.(c, `text_${i}`);
    return read === undefined ? [] : [`${read} AS read_${i}`];
  });
  const typed = columns.map((c, i) => `${contractSqlOf(c).value(c, `text_${i}`, `read_${i}`)} AS ${c.name}`);
  const doubtful = columns.map((c, i) => contractSqlOf(c).doubtful(c, `text_${i}`));
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
    WHEN form = 'unreadable' THEN 'batch:unreadable'
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

/** Where a column's value is in an event: a JSONPath, or a JSON Pointer (RFC 6901) for what is no plain word. */
function jsonPath(column: Column): string {
  const from = nameInSource(column);
  return /^\w+$/.test(from) ? `$.${from}` : `/${from.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Condition and reason of each way in which a value can break its column's contract, in the order in which they are checked. */
function columnReasons(column: Column, text: string, kind: string): [string, string][] {
  const { name } = column;
  const { wrongKinds, failures } = contractSqlOf(column);
  const reasons: [string, string][] = [];
  const add = (condition: string, word: string) => reasons.push([condition, `${name}:${word}`]);
  if (column.required) add(`${text} IS NULL`, 'missing');
  if (wrongKinds) add(`${kind} ${wrongKinds}`, 'wrong_type');
  for (const [condition, word] of failures(column, text, kind)) add(condition, word);
  if (column.allowed) add(`${text} NOT IN (${column.allowed.map(literal).join(', ')})`, 'not_allowed');
  const bound = (value: string) => `CAST('${value}' AS ${duckDbType(column)})`;
  if (column.min !== undefined) add(`${name} < ${bound(column.min)}`, 'below_minimum');
  if (column.max !== undefined) add(`${name} > ${bound(column.max)}`, 'above_maximum');
  return reasons;
}
