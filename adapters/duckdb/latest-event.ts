import type { DataFile } from '../../core/data-files.ts';
import type { SqlSession } from '../../core/engine.ts';
import { DATASET_RELATION } from '../../core/model-query.ts';

/** Statistics have whole milliseconds: a file's latest time is up to so much before its bound. */
const ROUNDING_MS = 1;

/** The relation with one row, `last_event`. */
export async function makeDataset(sql: SqlSession, time: string, events: string): Promise<void> {
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE ${DATASET_RELATION} AS SELECT max(${time}) AS last_event FROM ${events}`,
  );
}

/**
 * As {@link makeDataset} of the events in these files, each at the path of the same place: `relation` makes
 * one of paths. Only the files are read that can hold the latest event by the upper bounds in the table's
 * log, and all of them where a file has none, or where a bound turns out to be wider than the file's events.
 */
export async function makeDatasetOf(
  sql: SqlSession,
  time: string,
  files: readonly DataFile[],
  paths: readonly string[],
  relation: (paths: readonly string[]) => string,
): Promise<void> {
  const bounds = files.map(({ stats }) => upperBound(stats, time));
  const least = bounds.reduce((a, b) => Math.max(a, b), -Infinity) - ROUNDING_MS;
  const read = paths.filter((_, i) => Number.isNaN(least) || (bounds[i] ?? NaN) >= least);
  await makeDataset(sql, time, relation(read));
  if (read.length === paths.length) return;
  const [found] = await sql.rows(
    `SELECT epoch_ms(last_event) >= ${least} AS enough FROM ${DATASET_RELATION}`,
  );
  if (found?.enough !== true) await makeDataset(sql, time, relation(paths));
}

/** In milliseconds since the epoch; not a number where the statistics have none that says its time zone. */
function upperBound(stats: string, column: string): number {
  const { maxValues }: { maxValues?: Record<string, unknown> } = JSON.parse(stats);
  const text = String(maxValues?.[column]);
  return /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}
