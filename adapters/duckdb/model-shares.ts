import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../core/dataset.ts';
import type { SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import { exactly, fileList } from './relations.ts';

/**
 * A model with `shareBy` is computed over a share of that column's values at a time, each with about this
 * many events: memory stays the same however long the table grows, and hash tables stay in the processor's
 * cache.
 */
const EVENTS_PER_SHARE = 150_000;
/** Nor has a share more than about this many bytes of events, as they are before compression. */
const BYTES_PER_SHARE = 10_000_000;

/** Into how many shares so many events of these Parquet files are split. */
export async function sharesOf(sql: SqlSession, rows: number, paths: readonly string[]): Promise<number> {
  if (paths.length === 0) return 1;
  const [size] = await sql.rows(
    `SELECT sum(total_uncompressed_size) AS bytes FROM parquet_metadata(${fileList(paths)})`,
  );
  const byBytes = Number(size?.bytes ?? 0) / BYTES_PER_SHARE;
  return Math.max(1, Math.ceil(Math.max(rows / EVENTS_PER_SHARE, byBytes)));
}

/** One pass over the events: those with equal values of `shareBy` into one folder. */
export async function splitIntoShares(
  sql: SqlSession,
  { dataset, shareBy, source, rows }: { dataset: Dataset; shareBy: string; source: string; rows: number },
  shares: number,
  folder: string,
): Promise<void> {
  const columns = dataset.columns.map((c) => c.name).join(', ');
  await sql.run(`
SET partitioned_write_flush_threshold = ${Math.max(64, Math.min(65_536, Math.ceil(rows / shares / 4)))};
COPY (SELECT ${columns}, CAST(hash(${shareBy}) % ${shares} AS INTEGER) AS share FROM ${source})
TO ${literal(folder)} (FORMAT parquet, COMPRESSION lz4_raw, PARTITION_BY (share), OVERWRITE);
RESET partitioned_write_flush_threshold`);
  // A share without keys leaves no file, and the query still needs its columns.
  const none = join(folder, 'none.parquet');
  await sql.run(`COPY (SELECT ${columns} FROM ${source} LIMIT 0) TO ${literal(none)} (FORMAT parquet)`);
  for (let share = 0; share < shares; share += 1) {
    await mkdir(join(folder, `share=${share}`), { recursive: true });
    await copyFile(none, join(folder, `share=${share}`, 'none.parquet'));
  }
}

/** A share as an SQL relation. */
export function shareOf(folder: string, share: number): string {
  const files = join(exactly(folder), `share=${share}`, '*.parquet');
  return `read_parquet(${literal(files)}, hive_partitioning = false)`;
}
