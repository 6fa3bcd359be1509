import type { LocalFile, TableField } from '../../core/data-files.ts';
import type { SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import { writtenFile } from './file-stats.ts';

/**
 * Writes what the query gives to local Parquet files of a table with these fields: `to` is the file, or with
 * `PARTITION_BY` among the options the folder. No file where the query gives nothing.
 */
export async function writeParquet(
  sql: SqlSession,
  query: string,
  fields: readonly TableField[],
  to: string,
  options: readonly string[] = [],
): Promise<LocalFile[]> {
  const all = ['FORMAT parquet', 'COMPRESSION zstd', 'RETURN_STATS', ...options].join(', ');
  // The query may end in a comment.
  const written = await sql.rows(`COPY (${query}\n) TO ${literal(to)} (${all})`);
  return written.map((row) => writtenFile(fields, row)).filter((file) => file.rows > 0);
}

/**
 * As {@link writeParquet}, of a model's rows. Few new events may have the whole table written again, so that
 * time counts for more than a tenth of its size: the lightest level, and no dictionaries beyond what stays in
 * the processor's cache.
 */
export async function writeModelRows(
  sql: SqlSession,
  query: string,
  fields: readonly TableField[],
  to: string,
): Promise<LocalFile[]> {
  return writeParquet(sql, query, fields, to, ['COMPRESSION_LEVEL 1', 'DICTIONARY_SIZE_LIMIT 4096']);
}
