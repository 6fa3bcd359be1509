import { literal } from '../core/sql.ts';

export { literal };

/**
 * A path as the pattern that matches this file alone. DuckDB's readers take `*`, `?` and `[` in a path as a pattern; in brackets each
 * stands for itself. Nothing escapes a backslash.
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
