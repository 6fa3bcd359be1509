import type { EventLog, PartitionRange } from '../core/contracts.ts';
import { partitionId } from '../core/contracts.ts';
import { type Dataset, modelOf } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { newestFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import { eventsRelation } from '../processing/events-table.ts';
import {
  type CopiesContext,
  compareCopy,
  compareIndex,
  copyText,
  indexText,
  warehouseCopies,
} from './copies.ts';
import { foreignChanges } from './foreign-changes.ts';
import { type Tally, tallyLog, total } from './tally-log.ts';

/** The columns that say where a row lies in the log. */
const PLACE = ['log_partition', 'log_offset'];

/** The stream that a row of `rejected` came from. */
const STREAM = `CASE WHEN starts_with(reason, 'line:') THEN 'dead-letters' ELSE 'events' END`;

/** The stores that are counted. */
export interface AuditContext extends CopiesContext {
  readonly log: EventLog;
  readonly events: DeltaTable;
  readonly rejected: DeltaTable;
  readonly sql: SqlSession;
}

/**
 * Every row at every stage. `removed`: records that retention has taken from the log; they are counted where
 * they are left, in the lake.
 */
export interface AuditReport {
  readonly dataset: string;
  readonly balanced: boolean;
  readonly file: { readonly rows: number };
  readonly log: { readonly events: number; readonly deadLetters: number; readonly removed: number };
  readonly lake: {
    readonly events: number;
    readonly rejected: Record<string, number>;
    readonly duplicates: number;
  };
  readonly profiles: {
    readonly users: number;
    /** Null when the model says of no column that it counts events. */
    readonly events: number | null;
    readonly totalSpent: string | null;
  };
  /** `differing`: documents that are missing, are not as their profile, or have none. */
  readonly index: { readonly documents: number; readonly differing: number } | null;
  /** The same of each table in PostgreSQL; absent where none is published there. */
  readonly warehouse?: {
    readonly table: string;
    readonly rows: number;
    readonly differing: number;
  }[];
  /** What does not balance, in words. */
  readonly differences: string[];
  /** What a reader should know besides, in words. */
  readonly notes: string[];
}

/**
 * Counts again what every store holds: the log's records one by one, the tables' rows in their files, the
 * index's documents, which are also compared with the profiles field by field. Of our own bookkeeping it uses
 * only the ledger's number of rows per file.
 */
export async function audit(context: AuditContext): Promise<AuditReport> {
  context.files.recheck();
  const ranges = await context.log.ranges();
  const ledger = await context.log.ledger();
  const skipped = await skippedBatches(context);
  const logged = await tallyLog(context.log, ranges, new Set(skipped.map(({ name }) => name)));
  const lake = await tallyLake(context, ranges);
  const profiles = await countProfiles(context);
  for (const table of context.derived.values()) await newestFiles(table, context.files);
  const index = await compareIndex(context);
  const warehouse: NonNullable<AuditReport['warehouse']> = [];
  const warehouseDifferences: string[] = [];
  for (const copy of warehouseCopies(context)) {
    const compared = await compareCopy(context, copy);
    const { rows, differing } = compared;
    const { table } = copy.model;
    warehouse.push({ table, rows, differing });
    if (differing > 0) warehouseDifferences.push(copyText(table, compared));
  }

  const fileRows = ledger.reduce((sum, entry) => sum + entry.rows, 0);
  const events = total(logged, 'events');
  const deadLetters = total(logged, 'dead-letters');
  const rejectedRows = Object.values(lake.rejected).reduce((sum, n) => sum + n, 0);
  const [inLog, kept] = [events + deadLetters + lake.removed, lake.events + rejectedRows];
  const differences: string[] = [];
  const expect = (what: string, left: number, right: number, hint: string) => {
    if (left !== right) differences.push(`${what}: ${left} is not ${right}. ${hint}`);
  };
  // What was in a skipped batch is not known: rows of the files, or records of another producer.
  const readable = events + deadLetters + lake.removed - skipped.length;
  const claimed = skipped.reduce((sum, { records }) => sum + records, 0);
  if (context.dataset.source.type !== 'topic') {
    expect(
      'rows of the files = events + dead letters of the log',
      fileRows,
      Math.min(Math.max(fileRows, readable), readable + claimed),
      'Is ingest unfinished, does another producer write to the topic, or did it lose records before they were archived?',
    );
  }
  expect(
    'events + dead letters of the log = events + rejected in the lake',
    inLog,
    kept,
    'Run: eventlake process',
  );
  if (inLog !== kept) {
    for (const table of [context.events, context.rejected])
      differences.push(...(await foreignChanges(table)));
  }
  for (const [partition, tally] of logged) {
    const inLake = lake.tallies.get(partition) ?? { count: 0n, offsets: 0n };
    if (tally.count === inLake.count && tally.offsets !== inLake.offsets) {
      differences.push(`${partition}: the lake has as many records as the log, but not the same offsets`);
    }
    // Where the sums differ, that has been said already.
    if (tally.count !== inLake.count && inLog === kept) {
      differences.push(`${partition}: ${tally.count} records in the log are not ${inLake.count} in the lake`);
    }
  }
  if (context.profiles) {
    if (profiles.events !== null) {
      expect(
        'events of the profiles = events in the lake − duplicates',
        profiles.events,
        lake.events - lake.duplicates,
        'Run: eventlake process',
      );
    }
    if (index && index.differing > 0) differences.push(indexText(index, profiles.users));
  }
  differences.push(...warehouseDifferences);
  return {
    dataset: context.dataset.name,
    balanced: differences.length === 0,
    file: { rows: fileRows },
    log: { events, deadLetters, removed: lake.removed },
    lake: { events: lake.events, rejected: lake.rejected, duplicates: lake.duplicates },
    profiles,
    index: index && { documents: index.rows, differing: index.differing },
    ...(warehouse.length > 0 ? { warehouse } : {}),
    differences,
    notes: [
      ...ranges
        .filter((range) => range.start > 0n)
        .map(
          (range) =>
            `${partitionId(range)} begins at offset ${range.start}: what was before it has been removed by retention, and is counted where the lake has it`,
        ),
      ...skipped.map(
        ({ name, detail }) =>
          `the batch ${name} could not be read and was skipped, and counts as one record; whether it held rows of the files is not known: ${detail}`,
      ),
    ],
  };
}

/** The batches that an operator had the archive skip, as the lake remembers them. */
async function skippedBatches({
  rejected,
  files,
  sql,
}: AuditContext): Promise<{ name: string; detail: string; records: number }[]> {
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

interface LakeCount {
  readonly events: number;
  readonly rejected: Record<string, number>;
  readonly duplicates: number;
  readonly removed: number;
  /** Of the offsets that the log still holds. */
  readonly tallies: Map<string, Tally>;
}

async function tallyLake(
  { dataset, events, rejected, files, sql }: AuditContext,
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
  const duplicates = eventPaths.length > 0 ? await countDuplicates(dataset, ofEvents, sql) : 0;
  return { events: count, rejected: reasons, duplicates, removed, tallies };
}

/**
 * Events equal to another in every column. Digests find the few candidates cheaply, and these are compared in
 * full.
 */
async function countDuplicates(dataset: Dataset, events: string, sql: SqlSession): Promise<number> {
  const columns = dataset.columns.map((column) => column.name).join(', ');
  const rows = await sql.rows(`
WITH repeated AS (
  SELECT hash(${columns}) AS digest FROM ${events} GROUP BY digest HAVING count(*) > 1
), candidates AS (
  SELECT ${columns} FROM ${events} SEMI JOIN repeated ON hash(${columns}) = digest
)
SELECT (SELECT count(*) FROM candidates) - (SELECT count(*) FROM (SELECT DISTINCT * FROM candidates)) AS n`);
  return Number(rows[0]?.n);
}

async function countProfiles({
  dataset,
  profiles,
  files,
  sql,
}: AuditContext): Promise<AuditReport['profiles']> {
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
