import type { PartitionRange } from '../core/contracts.ts';
import { type Dataset, modelOf } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { type LocalFiles, newestFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import { eventsRelation } from '../processing/events-table.ts';
import type { Tally } from './tally-log.ts';

/** The columns that say where a row lies in the log. */
const PLACE = ['log_partition', 'log_offset'];

/** Where more than this part of the events is a candidate, all columns tell better which are duplicates. */
const MANY_REPEATED = 0.05;

/** The stream that a row of `rejected` came from. */
const STREAM = `CASE WHEN starts_with(reason, 'line:') THEN 'dead-letters' ELSE 'events' END`;

/** The tables that are counted. */
export interface LakeContext {
  readonly dataset: Dataset;
  readonly events: DeltaTable;
  readonly rejected: DeltaTable;
  /** Null where the dataset has no model. */
  readonly profiles: DeltaTable | null;
  readonly files: LocalFiles;
  readonly sql: SqlSession;
}

/** What the model's table says of the events. */
export interface ProfileCount {
  readonly users: number;
  /** Null when the model says of no column that it counts events. */
  readonly events: number | null;
  readonly totalSpent: string | null;
}

/** The batches that an operator had the archive skip, as the lake remembers them. */
export async function skippedBatches({
  rejected,
  files,
  sql,
}: LakeContext): Promise<{ name: string; detail: string; records: number }[]> {
  const { paths } = await newestFiles(rejected, files, ['reason', 'detail', ...PLACE]);
  if (paths.length === 0) return [];
  const rows = await sql.rows(`
SELECT ${STREAM} || '/' || log_partition || '@' || log_offset AS name, detail,
  coalesce(TRY_CAST(regexp_extract(detail, '^\\d+') AS INTEGER), 0) AS records
FROM ${sql.parquet(paths)} WHERE reason IN ('batch:unreadable', 'line:unreadable_batch') ORDER BY name`);
  return rows.map(({ name, detail, records }) => ({
    name: String(name),
    detail: String(detail),
    records: Number(records),
  }));
}

/** What the two tables of the archive hold. */
interface LakeCount {
  readonly events: number;
  readonly rejected: Record<string, number>;
  readonly duplicates: number;
  readonly removed: number;
  /** Of the offsets that the log still holds. */
  readonly tallies: Map<string, Tally>;
}

/** Counts the rows of `events` and `rejected` in their files. */
export async function tallyLake(
  { dataset, events, rejected, files, sql }: LakeContext,
  ranges: readonly PartitionRange[],
): Promise<LakeCount> {
  const { snapshot, paths: eventPaths } = await newestFiles(events, files);
  const ofEvents = eventsRelation(sql, dataset, { table: events, snapshot }, eventPaths);
  const { paths: rejectedPaths } = await newestFiles(rejected, files, ['reason', ...PLACE]);
  const reasons: Record<string, number> = {};
  const tallies = new Map<string, Tally>();
  const sources: string[] = [];
  if (eventPaths.length > 0)
    sources.push(`SELECT 'events' AS stream, log_partition, log_offset FROM ${sql.parquet(eventPaths)}`);
  if (rejectedPaths.length > 0) {
    sources.push(`SELECT ${STREAM} AS stream, log_partition, log_offset FROM ${sql.parquet(rejectedPaths)}`);
    const rows = await sql.rows(
      `SELECT reason, count(*) AS n FROM ${sql.parquet(rejectedPaths)} GROUP BY reason ORDER BY reason`,
    );
    for (const row of rows) reasons[String(row.reason)] = Number(row.n);
  }
  let removed = 0;
  if (sources.length > 0) {
    const starts = ranges.map(
      (range) => `WHEN stream = '${range.stream}' AND log_partition = ${range.partition} THEN ${range.start}`,
    );
    const isLeft = starts.length > 0 ? `log_offset >= CASE ${starts.join(' ')} END` : 'false';
    const rows = await sql.rows(
      `SELECT stream, log_partition, coalesce(${isLeft}, false) AS is_left, count(*) AS n, sum(log_offset) AS offsets FROM (${sources.join(' UNION ALL ')}) GROUP BY ALL`,
    );
    for (const row of rows) {
      if (row.is_left)
        tallies.set(`${row.stream}/${row.log_partition}`, {
          count: BigInt(row.n ?? 0),
          offsets: BigInt(row.offsets ?? 0),
        });
      else removed += Number(row.n);
    }
  }
  const count =
    eventPaths.length > 0
      ? Number((await sql.rows(`SELECT count(*) AS n FROM ${sql.parquet(eventPaths)}`))[0]?.n)
      : 0;
  const duplicates =
    eventPaths.length > 0 ? await countDuplicates(dataset, { source: ofEvents, count }, sql) : 0;
  return { events: count, rejected: reasons, duplicates, removed, tallies };
}

/**
 * Events equal to another in every column. Digests find the few candidates cheaply, and these are compared in
 * full. The digests are of time and key alone, which are read and grouped sooner than all columns, unless
 * many events share these.
 */
async function countDuplicates(
  dataset: Dataset,
  { source, count }: { source: string; count: number },
  sql: SqlSession,
): Promise<number> {
  const { time, key } = dataset;
  const columns = dataset.columns.map((column) => column.name).join(', ');
  let digest = `hash(${time}, ${key})`;
  // Another audit may work on the same session.
  const repeated = `repeated_${crypto.randomUUID().replaceAll('-', '')}`;
  try {
    if ((await findRepeated(repeated, { digest, source }, sql)) > MANY_REPEATED * count) {
      digest = `hash(${columns})`;
      await findRepeated(repeated, { digest, source }, sql);
    }
    const rows = await sql.rows(`
SELECT coalesce(sum(n - 1), 0) AS n
FROM (SELECT count(*) AS n FROM ${source} SEMI JOIN ${repeated} ON ${digest} = digest GROUP BY ${columns})`);
    return Number(rows[0]?.n);
  } finally {
    await sql.run(`DROP TABLE IF EXISTS ${repeated}`);
  }
}

/** Fills a table with the digests that several events have, and answers with how many these events are. */
async function findRepeated(
  table: string,
  { digest, source }: { digest: string; source: string },
  sql: SqlSession,
): Promise<number> {
  await sql.run(`
CREATE OR REPLACE TEMP TABLE ${table} AS
SELECT ${digest} AS digest, count(*) AS n FROM ${source} GROUP BY digest HAVING n > 1`);
  const rows = await sql.rows(`SELECT coalesce(sum(n), 0) AS n FROM ${table}`);
  return Number(rows[0]?.n);
}

/** Counts the rows of the model's table whose rows are the dataset's entities. */
export async function countProfiles({ dataset, profiles, files, sql }: LakeContext): Promise<ProfileCount> {
  const none = { users: 0, events: 0, totalSpent: null };
  const model = modelOf(dataset);
  if (!model || !profiles) return none;
  const { events, amount: amountColumn } = model.audit ?? {};
  const columns = [events, amountColumn].filter((column) => column !== undefined);
  const { paths } = await newestFiles(profiles, files, columns);
  if (paths.length === 0) return none;
  const amount = amountColumn ? `CAST(sum(${amountColumn}) AS VARCHAR)` : 'NULL';
  const [row] = await sql.rows(
    `SELECT count(*) AS users, sum(${events ?? 'NULL'}) AS events, ${amount} AS amount FROM ${sql.parquet(paths)}`,
  );
  return {
    users: Number(row?.users),
    events: events === undefined ? null : Number(row?.events),
    totalSpent: row?.amount == null ? null : String(row.amount),
  };
}
