import type { TableField } from '../../core/data-files.ts';
import { namesOf } from '../../core/field-types.ts';
import { literal } from '../../core/sql.ts';

/** More files of a model's table than this, if they are small, are written again as one. */
export const MANY_FILES = 32;

/**
 * A path as the pattern that matches this file alone. DuckDB's readers take `*`, `?` and `[` in a path as a
 * pattern; in brackets each stands for itself. Nothing escapes a backslash.
 */
export function exactly(path: string): string {
  return path.replaceAll(/[*?[]/g, '[$&]');
}

/** Files as an SQL list for a reader such as read_parquet. */
export function fileList(paths: readonly string[]): string {
  return `[${paths.map((path) => literal(exactly(path))).join(', ')}]`;
}

/** Parquet files as an SQL relation; their columns alone, not those that a folder's name implies. */
export function parquet(paths: readonly string[]): string {
  return `read_parquet(${fileList(paths)}, hive_partitioning = false)`;
}

/** A relation of these columns without rows. */
export function emptyRelation(fields: readonly TableField[]): string {
  const columns = fields.map((f) => `CAST(NULL AS ${namesOf(f.type).duckdb}) AS ${f.name}`);
  return `(SELECT ${columns.join(', ')} WHERE false)`;
}

/**
 * A table's Parquet files as an SQL relation of these columns: null in files that were written before the
 * column was added. `options` are further ones of DuckDB's `read_parquet`.
 */
export function tableRelation(
  fields: readonly TableField[],
  paths: readonly string[],
  ...options: readonly string[]
): string {
  if (paths.length === 0) return emptyRelation(fields);
  const all = ['hive_partitioning = false', 'union_by_name = true', ...options].join(', ');
  const rows = `read_parquet(${fileList(paths)}, ${all})`;
  return `(FROM ${emptyRelation(fields)} UNION ALL BY NAME FROM ${rows})`;
}

const LONG_LINE = 65_536;

/**
 * The option of DuckDB's CSV reader for a file whose longest line has so many bytes. Several threads lose
 * rows of about a megabyte where one passes the end of a buffer (DuckDB 1.5); one thread does not.
 */
export function threadsFor(longestLine: number): string {
  return `parallel = ${longestLine <= LONG_LINE}`;
}
