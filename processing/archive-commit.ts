import { join } from 'node:path';
import type { SqlEngine } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import { hasCode } from '../core/errors.ts';
import type { TableField } from '../lake/schema.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import { literal, parquet } from '../lake/sql.ts';
import { type NewFile, newFileOf } from '../lake/stats.ts';
import type { DeltaTable } from '../lake/table.ts';
import type { ArchiveContext } from './archive.ts';
import { checkedEvents, offendingText } from './contract-sql.ts';
import { eventsFields, LOG_FIELDS, MONTH } from './events-table.ts';
import type { Positions } from './positions.ts';
import type { StagedBatch } from './staging.ts';

/** Parquet files that are written at the same time. */
const MONTHS_AT_ONCE = 250;
/** What is kept of a payload, in characters. */
const PAYLOAD_CHARACTERS = 16_384;
/** What an example shows of a row's detail, in characters. */
const DETAIL_CHARACTERS = 100;
const REJECTED_FIELDS: readonly TableField[] = [
  { name: 'reason', type: 'string', nullable: true },
  { name: 'detail', type: 'string', nullable: true },
  { name: 'payload', type: 'string', nullable: true },
  { name: 'source_file', type: 'string', nullable: true },
  { name: 'source_line', type: 'long', nullable: true },
  ...LOG_FIELDS,
];

/** Where the first row that was rejected for a reason comes from: `a.csv:7`, or `events/3 offset 12`. */
export interface FirstRejected {
  readonly reason: string;
  readonly place: string;
  /** Empty where the reason says it all. */
  readonly detail: string;
}

/** What one batch brought into the lake. */
export interface BatchOutcome {
  readonly events: number;
  readonly rejected: number;
  /** What was rejected, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** An example of each reason. */
  readonly firstRejected: readonly FirstRejected[];
  /** Of the Parquet files. */
  readonly bytes: number;
  readonly eventsVersion: bigint | null;
  readonly seconds: number;
}

/**
 * Turns a staged batch into Parquet files and commits them, first what is rejected and then the events, each with the positions that the batch
 * leads to. A table that is already beyond a partition's offsets (after a crash between the two commits) does not get them again.
 * @throws `lake:superseded` when another worker has moved one of the batch's partitions since `positions` were read.
 */
export async function commitBatch(
  context: ArchiveContext,
  positions: Positions,
  batch: StagedBatch,
): Promise<BatchOutcome> {
  const began = performance.now();
  const { dataset, sql, tables } = context;
  await batch.close();
  const partitions = [...batch.next.keys()];
  const good: NewFile[] = [];
  const bad: NewFile[] = [];

  if (batch.rows('events') > 0) {
    const checked = checkedEvents(dataset, batch.relation('events'));
    good.push(
      ...(await writeEvents(sql, dataset, checked, beyond(partitions, positions, 'ofEvents'), batch.folder)),
    );
    // Counting what is missing is cheaper than checking clean batches twice.
    if (rowsOf(good) < batch.rows('events')) {
      const rejected = rejectedEvents(
        dataset,
        checked,
        beyond(partitions, positions, 'ofRejected'),
        await batch.sources(),
      );
      bad.push(...(await write(sql, rejected, join(batch.folder, 'rejected-events'), '')));
    }
  }
  if (batch.rows('dead-letters') > 0) {
    bad.push(
      ...(await write(
        sql,
        deadLetters(batch.relation('dead-letters')),
        join(batch.folder, 'dead-letters'),
        '',
      )),
    );
  }

  // The store may move the files away.
  const { reasons, firstRejected } = await reasonsOf(sql, bad);

  const txns = (known: (partition: string) => bigint | null, stream: string) =>
    new Map(
      [...batch.next]
        .filter(([partition, next]) => partition.startsWith(stream) && next > (known(partition) ?? -1n))
        .map(([partition, next]) => [positions.app(partition), next] as const),
    );
  await commit(
    tables.rejected,
    positions.rejected,
    REJECTED_FIELDS,
    [],
    bad,
    txns((p) => positions.ofRejected(p), ''),
  );
  const committed = await commit(
    tables.events,
    positions.events,
    eventsFields(dataset),
    [MONTH],
    good,
    txns((p) => positions.ofEvents(p), 'events/'),
  );
  return {
    events: rowsOf(good),
    rejected: rowsOf(bad),
    ...{ reasons, firstRejected },
    bytes: [...good, ...bad].reduce((sum, file) => sum + file.bytes, 0),
    eventsVersion: committed?.version ?? null,
    seconds: (performance.now() - began) / 1000,
  };
}

/** Makes the `events` table where it is missing, so that models are computed before there is any event. */
export async function makeEventsTable({ dataset, tables }: Pick<ArchiveContext, 'dataset' | 'tables'>) {
  if (await tables.events.snapshot()) return;
  try {
    await tables.events.commit({
      ...{ base: null, fields: eventsFields(dataset), partitionBy: [MONTH] },
      ...{ add: [], remove: 'none', txns: new Map(), operation: 'WRITE' },
    });
  } catch (error) {
    // Another worker has made it.
    if (!hasCode(error, 'lake:superseded')) throw error;
  }
}

async function commit(
  table: DeltaTable,
  base: Snapshot | null,
  fields: readonly TableField[],
  partitionBy: readonly string[],
  add: readonly NewFile[],
  txns: ReadonlyMap<string, bigint>,
): Promise<Snapshot | null> {
  if (txns.size === 0) return base;
  return table.commit({ base, fields, partitionBy, add, remove: 'none', txns, operation: 'WRITE' });
}

async function writeEvents(
  sql: SqlEngine,
  dataset: Dataset,
  checked: string,
  beyondKnown: string,
  folder: string,
): Promise<NewFile[]> {
  const columns = dataset.columns.map((c) => c.name).join(', ');
  // Of a timestamp with a zone, strftime would ask the calendar, which takes five times as long.
  const month = `strftime(make_timestamp(epoch_us(${dataset.time})), '%Y-%m') AS ${MONTH}`;
  const query = `SELECT ${columns}, log_partition, log_offset, log_timestamp, ${month} FROM (${checked}) WHERE reason IS NULL AND ${beyondKnown}`;
  const writeMonths = (rows: string, name: string) =>
    write(sql, rows, join(folder, name), `, PARTITION_BY (${MONTH}), OVERWRITE`);
  try {
    return await writeMonths(query, 'events');
  } catch (error) {
    if (!hasCode(error, 'sql:out_of_memory')) throw error;
  }
  // Each month has a buffer of its own: a batch of thousands of months, such as of random dates, is written in parts.
  const found = await sql.rows(`SELECT DISTINCT ${MONTH} AS month FROM (${query}) ORDER BY month`);
  const months = found.map(({ month }) => String(month));
  if (months.length <= MONTHS_AT_ONCE) return writeOneByOne(sql, query, months, folder);
  const files: NewFile[] = [];
  for (let i = 0; i < months.length; i += MONTHS_AT_ONCE) {
    const part = months.slice(i, i + MONTHS_AT_ONCE);
    const rows = `SELECT * FROM (${query}) WHERE ${MONTH} BETWEEN ${literal(part[0] ?? '')} AND ${literal(part.at(-1) ?? '')}`;
    files.push(...(await writeMonths(rows, `events-${i}`)));
  }
  return files;
}

/** The buffers of a single month with a thousand columns may take too much memory; a file that is not partitioned has none. */
async function writeOneByOne(
  sql: SqlEngine,
  query: string,
  months: readonly string[],
  folder: string,
): Promise<NewFile[]> {
  const files: NewFile[] = [];
  for (const month of months) {
    const rows = `SELECT * EXCLUDE (${MONTH}) FROM (${query}) WHERE ${MONTH} = ${literal(month)}`;
    const written = await write(sql, rows, join(folder, `events-${month}`), '');
    files.push(...written.map((file) => ({ ...file, partition: { [MONTH]: month } })));
  }
  return files;
}

function rejectedEvents(dataset: Dataset, checked: string, beyondKnown: string, sources: string): string {
  return `
SELECT reason, CASE WHEN form = 'unreadable' THEN left(value, 200) ELSE ${offendingText(dataset)} END AS detail,
  CASE WHEN form = 'unreadable' THEN NULL WHEN value IS NOT NULL THEN left(value, ${PAYLOAD_CHARACTERS}) WHEN form IN ('bytes', 'large') THEN 'base64:' || raw END AS payload,
  source_file, source_line, log_partition, log_offset, log_timestamp
FROM (${checked}) LEFT JOIN ${sources} USING (log_partition, log_offset) WHERE reason IS NOT NULL AND ${beyondKnown}`;
}

/** Dead letters say themselves why they are dead; one that says nothing readable is kept all the same. */
function deadLetters(staged: string): string {
  return `
WITH letters AS (
  SELECT *, CASE WHEN form = 'json' AND json_valid(value) THEN value END AS letter FROM ${staged}
), parsed AS (
  SELECT *, letter->>'$.reason' AS said, letter->>'$.raw' AS line, try(from_base64(letter->>'$.raw')) AS bytes FROM letters
)
SELECT
  CASE WHEN form = 'unreadable' THEN 'line:unreadable_batch' WHEN starts_with(said, 'line:') THEN said ELSE 'line:unreadable_dead_letter' END AS reason,
  left(CASE WHEN form = 'unreadable' THEN value ELSE letter->>'$.detail' END, 200) AS detail,
  CASE
    WHEN form = 'unreadable' THEN NULL
    WHEN bytes IS NOT NULL THEN coalesce(left(try(decode(bytes)), ${PAYLOAD_CHARACTERS}), 'base64:' || left(line, 16000))
    WHEN value IS NOT NULL THEN left(value, ${PAYLOAD_CHARACTERS})
    WHEN form IN ('bytes', 'large') THEN 'base64:' || raw
  END AS payload,
  letter->>'$.file' AS source_file, TRY_CAST(letter->>'$.line' AS BIGINT) AS source_line,
  log_partition, log_offset, log_timestamp
FROM parsed`;
}

/** Runs a query into Parquet files below `folder`; none when it has no rows. */
async function write(sql: SqlEngine, query: string, folder: string, options: string): Promise<NewFile[]> {
  const to = options === '' ? `${folder}.parquet` : folder;
  const rows = await sql.rows(
    `COPY (${query}) TO ${literal(to)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '24MB', RETURN_STATS${options})`,
  );
  return rows.map(newFileOf).filter((file) => file.rows > 0);
}

/** Rows that the table does not have yet: it may be ahead of the other one. */
function beyond(
  partitions: readonly string[],
  positions: Positions,
  table: 'ofEvents' | 'ofRejected',
): string {
  const cases = partitions.flatMap((partition) => {
    const known = positions[table](partition);
    const [stream, number] = partition.split('/');
    return stream === 'events' && known !== null ? [`WHEN ${number} THEN ${known}`] : [];
  });
  return cases.length === 0 ? 'true' : `log_offset >= CASE log_partition ${cases.join(' ')} ELSE 0 END`;
}

async function reasonsOf(
  sql: SqlEngine,
  files: readonly NewFile[],
): Promise<Pick<BatchOutcome, 'reasons' | 'firstRejected'>> {
  if (files.length === 0) return { reasons: {}, firstRejected: [] };
  const relation = parquet(files.map((file) => file.localPath));
  const place = `coalesce(source_file || ':' || source_line, 'events/' || log_partition || ' offset ' || log_offset)`;
  const rows = await sql.rows(
    `SELECT reason, count(*) AS n, arg_min(${place}, log_offset) AS place, arg_min(left(coalesce(detail, ''), ${DETAIL_CHARACTERS}), log_offset) AS detail
     FROM ${relation} GROUP BY reason ORDER BY reason`,
  );
  return {
    reasons: Object.fromEntries(rows.map(({ reason, n }) => [String(reason), Number(n)])),
    firstRejected: rows.map(({ reason, place, detail }) => ({
      reason: String(reason),
      place: String(place),
      detail: String(detail),
    })),
  };
}

function rowsOf(files: readonly NewFile[]): number {
  return files.reduce((sum, file) => sum + Number(file.rows), 0);
}
