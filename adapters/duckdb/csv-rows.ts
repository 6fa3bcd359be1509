import { join } from 'node:path';
import type { Dataset } from '../../core/dataset.ts';
import type { SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import { checkedEvents } from './contract-sql.ts';
import type { StagedBatch } from './staged-batch.ts';

/** The batch's good events as lines of CSV (RFC 4180 with line feeds), in the order of their offsets. */
export async function writeCsv(
  sql: SqlSession,
  dataset: Dataset,
  batch: StagedBatch,
): Promise<{ path: string; rows: number }> {
  await batch.close();
  const path = join(batch.folder, 'rows.csv');
  if (batch.rowsOf('events') === 0) return { path, rows: 0 };
  const columns = dataset.columns.map(({ name, type }) =>
    // Of a timestamp with a zone, strftime would ask the calendar, which takes five times as long.
    type === 'timestamp'
      ? `strftime(make_timestamp(epoch_us(${name})), '%Y-%m-%dT%H:%M:%S.%gZ') AS ${name}`
      : name,
  );
  const checked = checkedEvents(dataset, batch.relation('events'));
  const [result] = await sql.rows(
    `COPY (SELECT ${columns.join(', ')}, log_partition, log_offset FROM (${checked}) WHERE reason IS NULL ORDER BY log_partition, log_offset)
     TO ${literal(path)} (FORMAT csv, HEADER false)`,
  );
  return { path, rows: Number(result?.Count) };
}
