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
