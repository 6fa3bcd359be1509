import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../core/dataset.ts';
import type { SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import type { EventRows } from './model-run.ts';
import { exactly, fileList } from './relations.ts';

/**
 * A model with `shareBy` is computed over a share of that column's values at a time, each with about this
 * many events: memory stays the same however long the table grows, and hash tables stay in the processor's
 * cache.
 */
const EVENTS_PER_SHARE = 150_000;
/** Nor has a share more than about this many bytes of events, as they are before compression. */
const BYTES_PER_SHARE = 10_000_000;
/**
 * One pass over the events writes no more parts than this: DuckDB has a buffer of 2,048 rows for each part in
 * each thread, and keeps no more than 100 files open.
 */
const MOST_PARTS = 64;

/** Into how many shares so many events of these Parquet files are split. */
export async function sharesOf(sql: SqlSession, rows: number, paths: readonly string[]): Promise<number> {
  if (paths.length === 0) return 1;
  const [size] = await sql.rows(
    `SELECT sum(total_uncompressed_size) AS bytes FROM parquet_metadata(${fileList(paths)})`,
  );
  const byBytes = Number(size?.bytes ?? 0) / BYTES_PER_SHARE;
  return Math.max(1, Math.ceil(Math.max(rows / EVENTS_PER_SHARE, byBytes)));
}

/** What is split: the events of a source, by the hash of one column. */
interface Splitting extends EventRows {
  readonly dataset: Dataset;
  readonly shareBy: string;
}

/**
 * Into how many parts each pass splits, for about so many shares in the end: the first pass all events, the
 * second each part of the first, and so on.
 */
export function passesOf(shares: number): number[] {
  if (shares <= MOST_PARTS) return [shares];
  const parts = Math.ceil(shares / Math.ceil(shares / MOST_PARTS));
  return [parts, ...passesOf(Math.ceil(shares / parts))];
}

/**
 * The shares one after the other, as SQL relations of the dataset's columns. Each lasts until the next is
 * asked for. `divisor`: the parts of the passes before are told apart by the hash modulo this number.
 */
export async function* sharesIn(
  sql: SqlSession,
  splitting: Splitting,
  [parts = 1, ...passes]: readonly number[],
  folder: string,
  divisor = 1,
): AsyncGenerator<string> {
  const rowsOfShare = splitting.rows / parts / passes.reduce((product, n) => product * n, 1);
  await split(sql, splitting, { parts, divisor, rowsOfShare, folder });
  for (let part = 0; part < parts; part += 1) {
    const source = partOf(folder, part);
    if (passes.length === 0) yield source;
    else {
      const inner = { ...splitting, source, rows: splitting.rows / parts };
      yield* sharesIn(sql, inner, passes, join(folder, `of-${part}`), divisor * parts);
    }
    await rm(join(folder, `share=${part}`), { recursive: true, force: true });
  }
}

/** One pass over the events: those with equal values of `shareBy` into one folder. */
async function split(
  sql: SqlSession,
  { dataset, shareBy, source }: Splitting,
  pass: { parts: number; divisor: number; rowsOfShare: number; folder: string },
): Promise<void> {
  const { parts, divisor, rowsOfShare, folder } = pass;
  const columns = dataset.columns.map((c) => c.name).join(', ');
  // Each thread gathers rows of all parts. The writer of each part gathers up to half a row group more: with
  // DuckDB's own size of row groups all events would be in memory, or spilled.
  const gathered = Math.max(64, Math.min(65_536, Math.ceil(rowsOfShare)));
  const rowGroup = Math.max(64, Math.ceil((2 * gathered) / parts));
  await sql.run(`
SET partitioned_write_flush_threshold = ${gathered};
COPY (SELECT ${columns}, CAST(hash(${shareBy}) // ${divisor} % ${parts} AS INTEGER) AS share FROM ${source})
TO ${literal(folder)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE ${rowGroup}, PARTITION_BY (share), OVERWRITE);
RESET partitioned_write_flush_threshold`);
  // A part without keys leaves no file, and the query still needs its columns.
  const none = join(folder, 'none.parquet');
  await sql.run(`COPY (SELECT ${columns} FROM ${source} LIMIT 0) TO ${literal(none)} (FORMAT parquet)`);
  for (let part = 0; part < parts; part += 1) {
    await mkdir(join(folder, `share=${part}`), { recursive: true });
    await copyFile(none, join(folder, `share=${part}`, 'none.parquet'));
  }
}

function partOf(folder: string, part: number): string {
  const files = join(exactly(folder), `share=${part}`, '*.parquet');
  return `read_parquet(${literal(files)}, hive_partitioning = false)`;
}
