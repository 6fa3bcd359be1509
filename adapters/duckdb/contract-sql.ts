import { nameInSource, partOf } from '../../core/column-source.ts';
import { contractSqlOf, duckDbType } from '../../core/column-types.ts';
import type { Column, Dataset } from '../../core/dataset.ts';
import { literal } from '../../core/sql.ts';
import { BROKEN_PARTS, partColumn, partText } from './staged-parts.ts';

/**
 * Makes `reason` volatile. A filter on it would otherwise be moved below the step before, with all of
 * `_written` spelled out in each column's conditions: that takes columns × columns in time and memory.
 */
const NEVER = 'random() < 0';

/**
 * Columns that are read from an event in one pass. Each step that takes a field of a struct holds the types
 * of all its fields: with a struct of a thousand, that takes columns × columns in memory. Each pass parses
 * the event again.
 */
const COLUMNS_AT_ONCE = 200;

/**
 * A query that checks staged events against the dataset's contract, one row a record. `staged` is a relation
 * (log_partition, log_offset, log_timestamp, form, value, raw, and staged parts), see staged-batch.ts. The
 * result has these columns, the contract's columns typed (null where they break it), each column's text as
 * `text_N`, and `reason`: null for a good event. docs/data-rules.md lists the reasons in the order in which
 * they are checked.
 */
export function checkedEvents(dataset: Dataset, staged: string): string {
  const { columns } = dataset;
  const places = placesOf(columns);
  const members = columns.filter((column) => partOf(column) === null);
  const texts = columns.map((c, i) => `nullif(${textAt(places[i])}, '') AS ${textOf(c, i)}`);
  const reads = columns.flatMap((c, i) => {
    const read = contractSqlOf(c).read?.(c, textOf(c, i));
    return read === undefined ? [] : [`${read} AS read_${i}`];
  });
  const typed = columns.flatMap((c, i) =>
    isText(c) ? [] : [`${contractSqlOf(c).value(c, textOf(c, i), `read_${i}`)} AS ${c.name}`],
  );
  // A CASE computes no further condition once it has decided all of its rows, as it mostly has by the first.
  const certain = columns.map((c, i) => certainly(c, textOf(c, i), `read_${i}`, places[i]));
  const asked = columns.map((c, i) => askedReasons(c, textOf(c, i)));
  const all = columns.flatMap((c, i) => [...typeReasons(c, textOf(c, i), places[i]), ...(asked[i] ?? [])]);
  return `
WITH records AS (
  SELECT *, form = 'json' AND json_valid(value) AS is_json, CASE WHEN is_json THEN value END AS _json FROM ${staged}
), parsed AS (
  SELECT ${['*', ...fieldsOf(members, 'VARCHAR', '_json', '_texts')].join(', ')} FROM records
), fields AS (
  SELECT * EXCLUDE (${['_json', ...structsOf(members, '_texts')].join(', ')}), ${texts.join(', ')} FROM parsed
), times AS (
  SELECT ${['*', ...reads].join(', ')} FROM fields
), typed AS (
  SELECT ${['*', ...typed].join(', ')} FROM times
), checkable AS (
  SELECT ${['*', "CASE WHEN is_json AND NOT starts_with(value, '{') THEN json_type(value) END AS root", ...fieldsOf(members, 'JSON', '_doubtful', '_written')].join(',\n    ')}
  FROM (SELECT *, CASE WHEN is_json AND (starts_with(value, '{') AND ${certain.join(' AND ')}) IS NOT TRUE THEN value END AS _doubtful FROM typed)
)
SELECT *,
  CASE
    WHEN is_json AND _doubtful IS NULL THEN CASE ${whens(asked.flat())} END
    WHEN form = 'unreadable' THEN 'batch:unreadable'
    WHEN form = 'null' THEN 'value:null'
    WHEN form = 'bytes' THEN 'value:invalid_utf8'
    WHEN form = 'large' THEN 'value:too_large'
    WHEN NOT is_json THEN 'value:not_json'
    WHEN root <> 'OBJECT' THEN 'value:not_an_object'
    ${whens(all)}
    WHEN ${NEVER} THEN ''
  END AS reason
FROM checkable`;
}

/** The text of the column that a row's `reason` names, for its `detail`. */
export function offendingText(dataset: Dataset): string {
  const cases = dataset.columns.map((c, i) => `WHEN ${literal(c.name)} THEN ${textOf(c, i)}`);
  return `left(CASE split_part(reason, ':', 1) ${cases.join(' ')} END, 200)`;
}

/** Whether the column's value is its text. */
function isText({ type }: Column): boolean {
  return type === 'string';
}

/**
 * The name of the column's text in the steps of the query. Where it is the value too there is one of them, as
 * wide events take memory.
 */
function textOf(column: Column, i: number): string {
  return isText(column) ? column.name : `text_${i}`;
}

/**
 * The columns' values in a JSON text as structs in the contract's order: as text, or as they are written in
 * JSON; nulls where the text is null. It reads many columns in one pass; one path a column would search the
 * event's fields again for each.
 */
function fieldsOf(
  columns: readonly Column[],
  type: 'VARCHAR' | 'JSON',
  json: string,
  name: string,
): string[] {
  return structsOf(columns, name).map((struct, i) => {
    const some = columns.slice(i * COLUMNS_AT_ONCE, (i + 1) * COLUMNS_AT_ONCE);
    // No object: that would put names such as "7" first.
    const fields = some.map((c) => `${JSON.stringify(nameInSource(c))}:"${type}"`);
    return `json_transform(${json}, ${literal(`{${fields.join(',')}}`)}) AS ${struct}`;
  });
}

/** The names of the structs that hold the columns' values. */
function structsOf(columns: readonly Column[], name: string): string[] {
  return Array.from({ length: Math.ceil(columns.length / COLUMNS_AT_ONCE) }, (_, i) => `${name}_${i}`);
}

/** Where a column's value is: among the event's members, or among the other parts of the record. */
type Place = { readonly member: number } | { readonly part: number };

function placesOf(columns: readonly Column[]): Place[] {
  let member = 0;
  let part = 0;
  return columns.map((column) => (partOf(column) ? { part: part++ } : { member: member++ }));
}

function textAt(place: Place | undefined): string {
  if (!place) return 'NULL';
  return 'part' in place ? partText(place.part) : fieldOf('_texts', place.member);
}

/** The value of member `i` in these structs. */
function fieldOf(name: string, i: number): string {
  return `struct_extract_at(${name}_${Math.floor(i / COLUMNS_AT_ONCE)}, ${(i % COLUMNS_AT_ONCE) + 1})`;
}

/** When the value surely keeps its column's type. What the column asks besides is cheap to check. */
function certainly(column: Column, text: string, read: string, place: Place | undefined): string {
  // A broken part has no text either.
  const absent = place && 'part' in place ? partColumn(place.part) : text;
  return `(${absent} IS NULL OR (${contractSqlOf(column).certain(column, text, read)}))`;
}

/** Condition and reason of a way in which a value can break its column's contract. */
type Reason = readonly [condition: string, reason: string];

/** Those by the column's type, in the order in which they are checked. */
function typeReasons(column: Column, text: string, place: Place | undefined): Reason[] {
  const written = place && 'member' in place ? fieldOf('_written', place.member) : 'NULL';
  const { wrongKinds, failures } = contractSqlOf(column);
  const reasons: Reason[] = [];
  const add = (condition: string, word: string) => reasons.push([condition, `${column.name}:${word}`]);
  if (place && 'part' in place)
    for (const [staged, word] of Object.entries(BROKEN_PARTS))
      add(`${partColumn(place.part)} = ${literal(staged)}`, word);
  if (wrongKinds) add(`${written} ${wrongKinds}`, 'wrong_type');
  for (const [condition, word] of failures(column, text, written)) add(condition, word);
  return reasons;
}

/** Those by what the column asks besides, checked after its type. A null breaks no type. */
function askedReasons(column: Column, text: string): Reason[] {
  const { name, required, allowed, min, max } = column;
  const reasons: Reason[] = [];
  const add = (condition: string, word: string) => reasons.push([condition, `${name}:${word}`]);
  if (required) add(`${text} IS NULL`, 'missing');
  if (allowed) add(`${text} NOT IN (${allowed.map(literal).join(', ')})`, 'not_allowed');
  const bound = (value: string) => `CAST('${value}' AS ${duckDbType(column)})`;
  if (min !== undefined) add(`${name} < ${bound(min)}`, 'below_minimum');
  if (max !== undefined) add(`${name} > ${bound(max)}`, 'above_maximum');
  return reasons;
}

function whens(reasons: readonly Reason[]): string {
  return reasons.map(([condition, reason]) => `WHEN ${condition} THEN ${literal(reason)}`).join('\n    ');
}
