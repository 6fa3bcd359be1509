import type { LocalFile, TableField } from '../../core/data-files.ts';
import type { FieldType } from '../../core/field-types.ts';
import type { Row } from '../../core/row.ts';
import { formatJson, rawNumber } from '../../lake/json.ts';

/**
 * What is known of a column of a file. `min` and `max` are as DuckDB prints them; null where there is none.
 * `nulls` is null where it is not known.
 */
export interface ColumnStats {
  readonly min: string | null;
  readonly max: string | null;
  readonly nulls: bigint | null;
}

/**
 * Longest prefix of a string that goes into statistics, in code points; the same as in other Delta writers.
 */
const PREFIX = 32;
const LARGEST_CHARACTER = '\u{10FFFF}';

/**
 * The file of a table with these fields that one result row of DuckDB's
 * `COPY … TO … (FORMAT parquet, RETURN_STATS)` describes, with or without PARTITION_BY. Nested columns of the
 * row are JSON text: lists of `{"key", "value"}`.
 */
export function writtenFile(fields: readonly TableField[], row: Row): LocalFile {
  const stats: Record<string, ColumnStats> = {};
  for (const { key, value } of entriesOf<Entry<string>[]>(row.column_statistics)) {
    const name = columnName(key);
    if (name === null) continue;
    const found = new Map(value.map((entry) => [entry.key, entry.value]));
    const nulls = found.get('null_count');
    // NaN is outside of what DuckDB calls min and max, and greater than everything to those who read them.
    const bounded = found.get('has_nan') !== 'true';
    stats[name] = {
      min: (bounded ? found.get('min') : null) ?? null,
      max: (bounded ? found.get('max') : null) ?? null,
      nulls: nulls === undefined ? null : BigInt(nulls),
    };
  }
  const keys = entriesOf<string | null>(row.partition_keys);
  const rows = Number(row.count);
  return {
    localPath: String(row.filename),
    bytes: Number(row.file_size_bytes),
    rows,
    // The protocol cannot tell an empty partition value from none.
    partition: Object.fromEntries(keys.map(({ key, value }) => [key, value === '' ? null : value])),
    stats: formatStats(fields, rows, stats),
  };
}

/**
 * A file's statistics as the Delta protocol ("Per-file Statistics") has them, as JSON text. Bounds may be
 * wider than the data, never narrower; what cannot be written exactly is left out.
 */
export function formatStats(
  fields: readonly TableField[],
  rows: number,
  stats: Readonly<Record<string, ColumnStats>>,
): string {
  const minValues: Record<string, unknown> = {};
  const maxValues: Record<string, unknown> = {};
  const nullCount: Record<string, bigint> = {};
  for (const { name, type } of fields) {
    const column = stats[name];
    if (column === undefined) continue;
    const min = column.min === null ? null : lowerBound(type, column.min);
    const max = column.max === null ? null : upperBound(type, column.max);
    if (min !== null) minValues[name] = min;
    if (max !== null) maxValues[name] = max;
    if (column.nulls !== null) nullCount[name] = column.nulls;
  }
  return formatJson({ numRecords: rows, minValues, maxValues, nullCount });
}

function lowerBound(type: FieldType, text: string): unknown {
  if (type === 'string')
    return Array.from(text.slice(0, 2 * PREFIX + 1))
      .slice(0, PREFIX)
      .join('');
  if (type === 'timestamp') return instant(text, false);
  return plainBound(type, text);
}

function upperBound(type: FieldType, text: string): unknown {
  if (type === 'timestamp') return instant(text, true);
  if (type !== 'string') return plainBound(type, text);
  const points = Array.from(text.slice(0, 2 * PREFIX + 2));
  if (points.length <= PREFIX) return text;
  // A prefix sorts below its string. With the largest character behind it, it sorts above, unless the string
  // has that one there too.
  return points[PREFIX] === LARGEST_CHARACTER ? null : points.slice(0, PREFIX).join('') + LARGEST_CHARACTER;
}

function plainBound(type: FieldType, text: string): unknown {
  if (type === 'boolean') return null;
  if (type === 'date') return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : null;
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? rawNumber(text) : null;
}

/**
 * `2020-10-01 07:30:00.123456+00` to whole milliseconds, down or up; null for what has no four-digit year or
 * is not in UTC.
 */
function instant(text: string, up: boolean): string | null {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/.exec(text);
  if (parts === null) return null;
  const fraction = (parts[3] ?? '').padEnd(6, '0');
  const milliseconds = Date.parse(`${parts[1]}T${parts[2]}.${fraction.slice(0, 3)}Z`);
  const rounded = new Date(up && fraction.slice(3) !== '000' ? milliseconds + 1 : milliseconds).toISOString();
  return rounded.length === 24 ? rounded : null;
}

interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
}

function entriesOf<Value>(json: Row[string] | undefined): Entry<Value>[] {
  return json === null || json === undefined ? [] : (JSON.parse(String(json)) as Entry<Value>[]);
}

/** `"user ""id"""` → `user "id"`; null for a part of a nested column. */
function columnName(quoted: string): string | null {
  const name = /^"((?:[^"]|"")*)"$/.exec(quoted)?.[1];
  return name === undefined ? null : name.replaceAll('""', '"');
}
