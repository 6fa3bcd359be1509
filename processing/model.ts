import { createHash } from 'node:crypto';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlEngine } from '../core/contracts.ts';
import type { Dataset, Model } from '../core/dataset.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import { namesOf } from '../core/field-types.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import { fieldOfSqlType, type TableField } from '../lake/schema.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import { exactly, fileList, literal, parquet } from '../lake/sql.ts';
import { type NewFile, newFileOf } from '../lake/stats.ts';
import type { DeltaTable } from '../lake/table.ts';
import { eventsFields } from './events-table.ts';

/**
 * A model with `shareBy` is computed over a share of that column's values at a time, each with about this many events: memory stays the same however long the table grows, and
 * hash tables stay in the processor's cache.
 */
const EVENTS_PER_SHARE = 150_000;
/** Nor has a share more than about this many bytes of events, as they are before compression. */
const BYTES_PER_SHARE = 10_000_000;
/** Under which the derived table records the version of this very `events` table that it was computed from. */
function app(events: Snapshot): string {
  return `events-version/${events.metaData.id}`;
}

/** The note that goes with each commit: a model whose SQL has changed since is computed anew. */
function madeBy({ model, query, events }: ModelContext): string {
  const digest = createHash('sha256').update(query).digest('hex').slice(0, 12);
  return `${model.sql} (sha256 ${digest}) over ${events.path}`;
}

/** What the model hop works on and with. */
export interface ModelContext {
  readonly dataset: Dataset;
  readonly model: Model;
  /** The model's SQL: one query over the relations `events` and `dataset`. */
  readonly query: string;
  readonly events: DeltaTable;
  readonly profiles: DeltaTable;
  readonly files: LocalFiles;
  readonly sql: SqlEngine;
  readonly temporary: string;
  /** Ends the computation after the share in hand. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each share of the keys. */
  onProgress?(): void;
}

/** What one run of the hop did. */
export interface ModelResult {
  readonly outcome: 'computed' | 'up_to_date' | 'no_events';
  /** The derived table's version now; null when there is none. */
  readonly version: bigint | null;
  readonly rows: bigint;
}

/**
 * The third hop: the model over the newest `events` replaces the derived table, in one commit that says from which version of `events` it was computed.
 * Nothing is done when that is the newest already. Of rivals, one commits and the others find it done.
 */
export async function runModel(context: ModelContext): Promise<ModelResult> {
  const [events, profiles] = await Promise.all([context.events.snapshot(), context.profiles.snapshot()]);
  if (!events) return { outcome: 'no_events', version: null, rows: 0n };
  const [last] = await context.profiles.commits(1);
  const sameModel = last?.description === madeBy(context);
  if (profiles && sameModel && (computedFrom(profiles, events) ?? -1n) >= events.version) {
    return { outcome: 'up_to_date', version: profiles.version, rows: profiles.rows };
  }
  const folder = join(context.temporary, `model-${process.pid}-${crypto.randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const { fields, files } = await compute(context, events, folder);
    const committed = await context.profiles.commit({
      base: profiles,
      fields,
      partitionBy: [],
      add: files,
      remove: 'all',
      txns: new Map([[app(events), events.version]]),
      operation: 'WRITE',
      description: madeBy(context),
    });
    return { outcome: 'computed', version: committed.version, rows: committed.rows };
  } catch (error) {
    // A rival was faster; what it computed is from this version of events or a newer one, or is computed again.
    if (hasCode(error, 'lake:superseded')) return runModel(context);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The version of `events` that a derived table was computed from; null when it was computed from another table, such as one that was there
 * before a reset, or does not say from which.
 */
export function computedFrom(profiles: Snapshot, events: Snapshot): bigint | null {
  return profiles.txns.get(app(events)) ?? null;
}

/** The derived table's columns as the model will make them, before there is any event. */
export async function modelFields(
  context: Pick<ModelContext, 'sql' | 'model' | 'query' | 'dataset'>,
): Promise<TableField[]> {
  const { sql, dataset } = context;
  await defineSparkFunctions(sql);
  await sql.run(`
CREATE OR REPLACE TEMP VIEW events AS SELECT * FROM ${emptyRelation(eventsFields(dataset))};
CREATE OR REPLACE TEMP TABLE dataset AS SELECT max(${dataset.time}) AS last_event FROM events`);
  const fields = await describe(context);
  await sql.run('DROP VIEW events; DROP TABLE dataset');
  return fields;
}

async function compute(
  context: ModelContext,
  events: Snapshot,
  folder: string,
): Promise<{ fields: TableField[]; files: NewFile[] }> {
  context.files.recheck();
  const paths = await context.files.paths(context.events, events);
  const source = paths.length > 0 ? parquet(paths) : emptyRelation(events.fields);
  await defineSparkFunctions(context.sql);
  const { shareBy } = context.model;
  for (let shares = shareBy === undefined ? 1 : await sharesOf(context.sql, events, paths); ; shares *= 4) {
    const part = join(folder, `of-${shares}`);
    try {
      return await computeShares(context, { source, rows: Number(events.rows) }, shares, part);
    } catch (error) {
      // Long values that repeat are small in the files and large in memory.
      if (!hasCode(error, 'sql:out_of_memory') || shareBy === undefined || shares > events.rows) throw error;
      await rm(part, { recursive: true, force: true });
    }
  }
}

async function computeShares(
  context: ModelContext,
  events: { source: string; rows: number },
  shares: number,
  folder: string,
): Promise<{ fields: TableField[]; files: NewFile[] }> {
  const { sql, model, query } = context;
  await splitIntoShares(context, events, shares, folder);
  const files: NewFile[] = [];
  let fields: TableField[] = [];
  for (let share = 0; share < shares; share += 1) {
    context.signal?.throwIfAborted();
    await sql.run(`CREATE OR REPLACE TEMP VIEW events AS SELECT * FROM ${shareOf(folder, share)}`);
    if (share === 0) fields = await describe(context);
    const to = join(folder, `${model.table}-${share}.parquet`);
    const written = await sql.rows(
      `COPY (${query}) TO ${literal(to)} (FORMAT parquet, COMPRESSION zstd, RETURN_STATS)`,
    );
    files.push(...written.map(newFileOf).filter((file) => file.rows > 0));
    await rm(join(folder, `share=${share}`), { recursive: true, force: true });
    context.onProgress?.();
  }
  await sql.run('DROP VIEW events; DROP TABLE dataset');
  return { fields, files };
}

async function sharesOf(sql: SqlEngine, events: Snapshot, paths: readonly string[]): Promise<number> {
  if (paths.length === 0) return 1;
  const [size] = await sql.rows(
    `SELECT sum(total_uncompressed_size) AS bytes FROM parquet_metadata(${fileList(paths)})`,
  );
  const byBytes = Number(size?.bytes ?? 0) / BYTES_PER_SHARE;
  return Math.max(1, Math.ceil(Math.max(Number(events.rows) / EVENTS_PER_SHARE, byBytes)));
}

/** The model's columns. What is wrong with its SQL shows here. */
async function describe({
  sql,
  model,
  query,
}: Pick<ModelContext, 'sql' | 'model' | 'query'>): Promise<TableField[]> {
  const described = await sql.rows(`DESCRIBE ${query}`).catch((cause: Error) => {
    throw new EventlakeError('model:invalid', `${model.sql} is no query over events: ${cause.message}`, {
      cause,
    });
  });
  const lacks = [...model.key, model.audit.events, model.audit.amount].find(
    (name) => name !== undefined && !described.some((row) => row.column_name === name),
  );
  if (lacks === undefined) {
    return described.map((row) => fieldOfSqlType(String(row.column_name), String(row.column_type), true));
  }
  throw new EventlakeError(
    'model:invalid',
    `${model.sql} gives no column ${lacks}, which the dataset file names`,
  );
}

/** One pass over the table: equal values of `shareBy` into one folder, and the dataset's latest event into `dataset`. */
async function splitIntoShares(
  { sql, dataset, model }: ModelContext,
  { source, rows }: { source: string; rows: number },
  shares: number,
  folder: string,
): Promise<void> {
  const columns = dataset.columns.map((c) => c.name).join(', ');
  const share = model.shareBy === undefined ? '0' : `CAST(hash(${model.shareBy}) % ${shares} AS INTEGER)`;
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE dataset AS SELECT max(${dataset.time}) AS last_event FROM ${source}`,
  );
  await sql.run(`
SET partitioned_write_flush_threshold = ${Math.max(64, Math.min(65_536, Math.ceil(rows / shares / 4)))};
COPY (SELECT ${columns}, ${share} AS share FROM ${source})
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

function shareOf(folder: string, share: number): string {
  const files = join(exactly(folder), `share=${share}`, '*.parquet');
  return `read_parquet(${literal(files)}, hive_partitioning = false)`;
}

/** Names that Spark SQL has and DuckDB lacks, so that one model text runs on both. */
async function defineSparkFunctions(sql: SqlEngine): Promise<void> {
  await sql.run('CREATE OR REPLACE TEMP MACRO unix_timestamp(t) AS CAST(floor(epoch(t)) AS BIGINT)');
}

/** A relation of these columns without rows. */
export function emptyRelation(fields: readonly TableField[]): string {
  const columns = fields.map((f) => `CAST(NULL AS ${namesOf(f.type).duckdb}) AS ${f.name}`);
  return `(SELECT ${columns.join(', ')} WHERE false)`;
}
