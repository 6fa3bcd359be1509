import { join } from 'node:path';
import type { LocalFile } from '../../core/data-files.ts';
import type { Dataset } from '../../core/dataset.ts';
import type { ArchivedFiles, ArchiveJob, SqlSession } from '../../core/engine.ts';
import { hasCode } from '../../core/errors.ts';
import { eventsFields, MONTH, REJECTED_FIELDS } from '../../core/lake-tables.ts';
import { beyond, literal } from '../../core/sql.ts';
import { checkedEvents, offendingText } from './contract-sql.ts';
import { writeParquet } from './parquet-writer.ts';
import { parquet } from './relations.ts';
import type { StagedBatch } from './staged-batch.ts';

/** As people call the engine. */
export const DUCKDB = 'DuckDB';
/** Parquet files that are written at the same time. */
const MONTHS_AT_ONCE = 250;
const ROW_GROUPS = "ROW_GROUP_SIZE_BYTES '24MB'";
/** What is kept of a payload, in characters. */
const PAYLOAD_CHARACTERS = 16_384;
/** What an example shows of a row's detail, in characters. */
const DETAIL_CHARACTERS = 100;

/** Records as {@link StagedBatch} describes them, wherever they are staged. */
export type StagedRecords = Pick<
  StagedBatch,
  'close' | 'folder' | 'next' | 'relation' | 'rowsOf' | 'sources'
>;

/**
 * Turns staged records into Parquet files in their folder: one query parses, types and checks the events.
 */
export async function archiveBatch(
  sql: SqlSession,
  { dataset, from }: Pick<ArchiveJob, 'dataset' | 'from'>,
  batch: StagedRecords,
): Promise<ArchivedFiles> {
  await batch.close();
  const events: LocalFile[] = [];
  const rejected: LocalFile[] = [];
  if (batch.rowsOf('events') > 0) {
    const checked = checkedEvents(dataset, batch.relation('events'));
    events.push(
      ...(await writeEvents(sql, dataset, checked, beyond(batch.next.keys(), from.events), batch.folder)),
    );
    // Counting what is missing is cheaper than checking clean batches twice.
    if (events.reduce((sum, { rows }) => sum + rows, 0) < batch.rowsOf('events')) {
      const broken = rejectedEvents(
        dataset,
        checked,
        beyond(batch.next.keys(), from.rejected),
        await batch.sources(),
      );
      rejected.push(...(await writeRejected(sql, broken, join(batch.folder, 'rejected-events.parquet'))));
    }
  }
  if (batch.rowsOf('dead-letters') > 0) {
    const letters = deadLetters(batch.relation('dead-letters'));
    rejected.push(...(await writeRejected(sql, letters, join(batch.folder, 'dead-letters.parquet'))));
  }
  const read = { events: batch.rowsOf('events'), 'dead-letters': batch.rowsOf('dead-letters') };
  return {
    computedBy: DUCKDB,
    read,
    next: batch.next,
    events,
    rejected,
    ...(await reasonsOf(sql, rejected)),
  };
}

async function writeEvents(
  sql: SqlSession,
  dataset: Dataset,
  checked: string,
  beyondKnown: string,
  folder: string,
): Promise<LocalFile[]> {
  const columns = dataset.columns.map((c) => c.name).join(', ');
  // Of a timestamp with a zone, strftime would ask the calendar, which takes five times as long.
  const month = `strftime(make_timestamp(epoch_us(${dataset.time})), '%Y-%m') AS ${MONTH}`;
  const query = `SELECT ${columns}, log_partition, log_offset, log_timestamp, ${month} FROM (${checked}) WHERE reason IS NULL AND ${beyondKnown}`;
  const options = [ROW_GROUPS, `PARTITION_BY (${MONTH})`, 'OVERWRITE'];
  const writeMonths = (rows: string, name: string) =>
    writeParquet(sql, rows, eventsFields(dataset), join(folder, name), options);
  try {
    return await writeMonths(query, 'events');
  } catch (error) {
    if (!hasCode(error, 'sql:out_of_memory')) throw error;
  }
  // Each month has a buffer of its own: a batch of thousands of months, such as of random dates, is written
  // in parts.
  const found = await sql.rows(`SELECT DISTINCT ${MONTH} AS month FROM (${query}) ORDER BY month`);
  const months = found.map(({ month }) => String(month));
  if (months.length <= MONTHS_AT_ONCE) return writeOneByOne(sql, dataset, query, months, folder);
  const files: LocalFile[] = [];
  for (let i = 0; i < months.length; i += MONTHS_AT_ONCE) {
    const part = months.slice(i, i + MONTHS_AT_ONCE);
    const rows = `SELECT * FROM (${query}) WHERE ${MONTH} BETWEEN ${literal(part[0] ?? '')} AND ${literal(part.at(-1) ?? '')}`;
    files.push(...(await writeMonths(rows, `events-${i}`)));
  }
  return files;
}

/**
 * The buffers of a single month with a thousand columns may take too much memory; a file that is not
 * partitioned has none.
 */
async function writeOneByOne(
  sql: SqlSession,
  dataset: Dataset,
  query: string,
  months: readonly string[],
  folder: string,
): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  for (const month of months) {
    const rows = `SELECT * EXCLUDE (${MONTH}) FROM (${query}) WHERE ${MONTH} = ${literal(month)}`;
    const to = join(folder, `events-${month}.parquet`);
    const written = await writeParquet(sql, rows, eventsFields(dataset), to, [ROW_GROUPS]);
    files.push(...written.map((file) => ({ ...file, partition: { [MONTH]: month } })));
  }
  return files;
}

function writeRejected(sql: SqlSession, query: string, to: string): Promise<LocalFile[]> {
  return writeParquet(sql, query, REJECTED_FIELDS, to, [ROW_GROUPS]);
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

async function reasonsOf(
  sql: SqlSession,
  files: readonly LocalFile[],
): Promise<Pick<ArchivedFiles, 'reasons' | 'firstRejected'>> {
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
