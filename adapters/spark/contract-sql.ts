import { nameInSource, partOf, partsOf } from '../../core/column-source.ts';
import type { Stream } from '../../core/contracts.ts';
import type { Column, Dataset, RecordPart } from '../../core/dataset.ts';
import { MONTH } from '../../core/lake-tables.ts';
import { certainValue, isWholeJson, readJson, sparkType } from './column-sql.ts';
import { text } from './sql-text.ts';

/** A value beyond this many bytes is no event. */
const LARGE_VALUE = 1_000_000;
/** The same of another part of a record. */
const LARGE_PART = 16_384;
/** What is kept of one is still too large. */
const KEPT_BYTES = LARGE_VALUE + 1;
/** How an escape by number begins. To look for it costs far less than the pattern does. */
const ESCAPE = '\\u';
/** Escapes that readers of JSON take differently: halves of characters, and the character NUL. */
const DOUBTFUL_ESCAPE = '\\\\u(?:[dD][89a-fA-F]|0000)';
/** The field that Spark fills where it cannot read an event; no event has one of this name. */
const BROKEN = crypto.randomUUID();
/** A number with a fraction or an exponent, or text like that. */
const FRACTION = '[:\\[,]\\s*-?[0-9]+[.eE]';
const NO_TEXT = 'CAST(NULL AS STRING)';

/**
 * A query that checks events against the dataset's contract, one row a record: the contract's columns typed,
 * the columns of the log, and `_certain`. Where it is true the event keeps the contract, and its values are
 * those that the local engine would find; all others are that engine's to decide. `records` is a relation of
 * Spark's Kafka source (topic, partition, offset, timestamp, key, value, headers).
 *
 * An optimizer that inlines a step computes it wherever it is named: LATERAL VIEW computes it once.
 */
export function checkedEvents(dataset: Dataset, records: string): string {
  const { columns } = dataset;
  const parts = partsOf(dataset);
  const bytes = columns.map((column) => bytesOf(parts, column));
  const fields = columns.filter(isField).map(nameInSource);
  const texts = columns.map((column, i) => {
    if (bytes[i]) return partText(bytes[i]);
    return isField(column) ? fieldOf(fields.indexOf(nameInSource(column))) : NO_TEXT;
  });
  const certain = columns.map((column, i) =>
    certainValue(column, { text: textOf(i), kind: kindOf(column), fractions: '_fractions' }),
  );
  const typed = columns.map(
    (column, i) => `CAST(${certain[i]?.value} AS ${sparkType(column)}) AS ${column.name}`,
  );
  const conditions = columns.map((column, i) => {
    // A value that no path leads to is not known to be null either.
    if (!bytes[i] && !isField(column)) return 'false';
    const keeps = [`${textOf(i)} IS NOT NULL`, certain[i]?.when, ...limitsOf(column, textOf(i))].join(
      ' AND ',
    );
    const isNull = bytes[i] ? `coalesce(octet_length(${bytes[i]}), 0) = 0` : `${textOf(i)} IS NULL`;
    return `${column.required ? '' : `${isNull} OR `}coalesce(${keeps}, false)`;
  });
  return `
WITH readable AS (
  SELECT partition AS log_partition, offset AS log_offset, ${timeOf('timestamp')} AS log_timestamp,
    ${[`CASE WHEN octet_length(value) <= ${LARGE_VALUE} AND is_valid_utf8(CAST(value AS STRING)) THEN CAST(value AS STRING) END AS _value`, ...parts.map((part, i) => `${partBytes(part)} AS ${partColumn(i)}`)].join(',\n    ')}
  FROM ${records}
), parsed AS (
  SELECT *, _value RLIKE ${text(FRACTION)} AS _fractions FROM readable
  LATERAL VIEW explode(array(
    CASE WHEN _value LIKE '{%' AND NOT (contains(_value, ${text(ESCAPE)}) AND _value RLIKE ${text(DOUBTFUL_ESCAPE)})
      THEN ${readJson('_value')} END
  )) _parsed AS _json
), fields AS (
  SELECT * FROM parsed
  LATERAL VIEW inline(array(${fieldTexts(fields)})) _fields AS ${[...fields.map((_, i) => fieldOf(i)), '_broken'].join(', ')}
), texts AS (
  SELECT * FROM fields
  LATERAL VIEW inline(array(struct(${texts.map((t) => `nullif(${t}, '')`).join(', ')}))) _texts AS ${columns.map((_, i) => textOf(i)).join(', ')}
), typed AS (
  SELECT * FROM texts
  LATERAL VIEW inline(array(struct(${typed.join(', ')}))) _typed AS ${columns.map(({ name }) => name).join(', ')}
)
SELECT *, coalesce(${isWholeJson('_json')}, false) AND _broken IS NULL AND log_timestamp IS NOT NULL
  AND ${conditions.map((condition) => `(${condition})`).join('\n  AND ')} AS _certain
FROM typed`;
}

/**
 * The texts of the event's fields, and one more that is null where these could be read. `from_json` finds all
 * of them for less than it costs to take each out of a variant. But it writes numbers with a fraction as
 * doubles, 10000000.0 as 1.0E7, of which few are certain.
 */
function fieldTexts(fields: readonly string[]): string {
  const schema = [...fields, BROKEN].map((name) => `\`${name.replaceAll('`', '``')}\` STRING`).join(', ');
  const exact = fields.map((name) => `${text(name)}, ${valueAt(name, 'string')}`);
  return `if(_fractions,
    named_struct(${[...exact, `${text(BROKEN)}, ${NO_TEXT}`].join(', ')}),
    from_json(_value, ${text(schema)}, map('columnNameOfCorruptRecord', ${text(BROKEN)})))`;
}

/** In the place of the month: the event is the local engine's to decide. */
export const UNCERTAIN = 'uncertain';

/**
 * {@link checkedEvents} as the `events` table has them. An event that is not certainly good has
 * {@link UNCERTAIN} as its month, and only its place in the log is known. `condition` says which of the good
 * ones are wanted.
 */
export function eventsByMonth(dataset: Dataset, checked: string, condition: string): string {
  const columns = dataset.columns.map(({ name }) => name).join(', ');
  return `
SELECT /*+ REBALANCE(${MONTH}) */ ${columns}, log_partition, log_offset, log_timestamp,
  if(_certain, date_format(${dataset.time}, 'yyyy-MM'), '${UNCERTAIN}') AS ${MONTH}
FROM (${checked}) WHERE NOT _certain OR ${condition}`;
}

/** The records of one stream that are left to the local engine. */
export interface LeftRecords {
  readonly stream: Stream;
  /** A relation of Spark's Kafka source. */
  readonly records: string;
  /** A relation of the records' places, `log_partition` and `log_offset`; null where all are left. */
  readonly places: string | null;
}

/** What is left to the local engine, with the parts of the records that its contract needs. */
export function leftRecords(dataset: Dataset, left: readonly LeftRecords[]): string {
  const source = `filter(headers, h -> h.key = 'source-line' AND CAST(h.value AS STRING) RLIKE ':[0-9]+\\\\z')`;
  const others = ({ stream }: LeftRecords) =>
    partsOf(dataset).map((part, i) => {
      const bytes = `hex(substring(${partBytes(part)}, 1, ${LARGE_PART + 1}))`;
      return `${stream === 'events' ? bytes : NO_TEXT} AS ${partColumn(i)}`;
    });
  return left
    .map((each) => {
      const columns = [
        `'${each.stream}' AS stream, partition AS log_partition, offset AS log_offset`,
        `${timeOf('timestamp')} AS log_timestamp`,
        `hex(substring(value, 1, ${KEPT_BYTES})) AS value, hex(get(${source}, 0).value) AS source`,
        ...others(each),
      ];
      const among = each.places
        ? ` LEFT SEMI JOIN ${each.places} AS places ON places.log_partition = partition AND places.log_offset = offset`
        : '';
      return `SELECT ${columns.join(', ')} FROM ${each.records}${among}`;
    })
    .join('\nUNION ALL ');
}

/** What the part of a record is, in bytes. */
function partBytes(part: RecordPart): string {
  if ('key' in part) return 'key';
  return `try_element_at(filter(headers, h -> h.key = ${text(part.header)}), -1).value`;
}

function partColumn(i: number): string {
  return `_part_${i}`;
}

/** The bytes of the column's value where another part of the record holds it. */
function bytesOf(parts: readonly RecordPart[], column: Column): string | null {
  const part = partOf(column);
  return part && partColumn(parts.indexOf(part));
}

function partText(bytes: string): string {
  return `CASE WHEN octet_length(${bytes}) <= ${LARGE_PART} AND is_valid_utf8(CAST(${bytes} AS STRING)) THEN CAST(${bytes} AS STRING) END`;
}

/** Other readers of the lake know no later time; a record may have none. */
function timeOf(timestamp: string): string {
  return `CASE WHEN ${timestamp} >= TIMESTAMP'1970-01-01T00:00:00Z' AND ${timestamp} <= TIMESTAMP'9999-12-31T23:59:59.999Z' THEN ${timestamp} END`;
}

/** Whether the column's value is a field of the event to which a path leads. */
function isField(column: Column): boolean {
  const name = nameInSource(column);
  return !partOf(column) && name !== '' && !name.includes('"');
}

/** The field's value in the list that was read. */
function valueAt(name: string, type: 'string' | 'variant'): string {
  return `try_variant_get(_json, ${text(`$[0]["${name}"]`)}, '${type}')`;
}

function kindOf(column: Column): string {
  return isField(column) ? `schema_of_variant(${valueAt(nameInSource(column), 'variant')})` : "'STRING'";
}

function fieldOf(i: number): string {
  return `_field_${i}`;
}

function textOf(i: number): string {
  return `_text_${i}`;
}

/** Conditions of the contract on a value whose type is right. */
function limitsOf(column: Column, value: string): string[] {
  const limits: string[] = [];
  const bound = (limit: string) => `CAST(${text(limit)} AS ${sparkType(column)})`;
  if (column.allowed) limits.push(`${value} IN (${column.allowed.map(text).join(', ')})`);
  if (column.min !== undefined) limits.push(`${column.name} >= ${bound(column.min)}`);
  if (column.max !== undefined) limits.push(`${column.name} <= ${bound(column.max)}`);
  return limits;
}
