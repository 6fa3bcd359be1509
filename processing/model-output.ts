import type { SqlEngine } from '../core/contracts.ts';
import type { TableField } from '../lake/schema.ts';
import type { DataFile } from '../lake/snapshot.ts';
import { literal } from '../lake/sql.ts';
import { type NewFile, newFileOf } from '../lake/stats.ts';

/** A derived table's columns and the local files that hold its rows. */
export interface Computed {
  readonly fields: TableField[];
  readonly files: NewFile[];
  /** Files of the table that stay as they are; none when absent. */
  readonly kept?: readonly DataFile[];
}

/** Writes what the query gives to a local Parquet file; no file where it gives nothing. */
export async function writeRows(sql: SqlEngine, query: string, to: string): Promise<NewFile[]> {
  // The query may end in a comment.
  const written = await sql.rows(
    `COPY (${query}\n) TO ${literal(to)} (FORMAT parquet, COMPRESSION zstd, RETURN_STATS)`,
  );
  return written.map(newFileOf).filter((file) => file.rows > 0);
}
