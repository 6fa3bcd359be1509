import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fieldOfSqlType } from '../../adapters/duckdb/describe.ts';
import { writtenFile } from '../../adapters/duckdb/file-stats.ts';
import type { TableField } from '../../core/data-files.ts';
import type { SqlSession } from '../../core/engine.ts';
import type { Row } from '../../core/row.ts';
import { literal } from '../../core/sql.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import type { DeltaTable } from '../../lake/table.ts';

const MONTHS = ['2020-09', '2020-10', null, "a b/=%ä'"];
/** Version that {@link fill} leads to. */
export const NEWEST = 12n;

/** Rows `from` up to `to`, with every type that tables have. */
function events(from: number, to: number): string {
  const months = MONTHS.map((month) => (month === null ? 'NULL' : literal(month))).join(', ');
  return `SELECT 1515966223509089906 + i AS id, (i % 100)::INTEGER AS n, (i * 1.01)::DECIMAL(18,2) AS price, i / 7.0 AS ratio,
    i % 2 = 0 AS flag, DATE '2020-09-24' + i::INTEGER AS day, 'it''s "' || i || '" €' AS note, NULL::VARCHAR AS nothing,
    TIMESTAMPTZ '2020-09-24 11:57:06.123456+00' + INTERVAL (i) HOUR AS event_time, [${months}][i % 4 + 1] AS event_month
    FROM range(${from}, ${to}) t(i)`;
}

/** The table's columns. */
export async function fieldsOf(sql: SqlSession): Promise<TableField[]> {
  const described = await sql.rows(`DESCRIBE ${events(0, 1)}`);
  return described.map((row) => fieldOfSqlType(String(row.column_name), String(row.column_type), true));
}

/**
 * Thirteen commits of ten rows in four partitions each; the fourth replaces what was there, so that rows 30
 * to 129 stay.
 */
export async function fill(table: DeltaTable, sql: SqlSession, folder: string): Promise<void> {
  const fields = await fieldsOf(sql);
  let base: Snapshot | null = null;
  for (let version = 0; version <= NEWEST; version++) {
    const query = events(version * 10, version * 10 + 10);
    const to = join(folder, `out-${randomUUID()}`);
    const written = await sql.rows(
      `COPY (${query}) TO ${literal(to)} (FORMAT parquet, COMPRESSION zstd, RETURN_STATS, PARTITION_BY (event_month))`,
    );
    base = await table.commit({
      base,
      fields,
      partitionBy: ['event_month'],
      add: written.map((row) => writtenFile(fields, row)),
      remove: version === 3 ? 'all' : 'none',
      txns: new Map([[`log/events/${version % 2}`, 9007199254740993n + BigInt(version)]]),
      operation: 'WRITE',
    });
  }
}

/** The rows as the readers print them: what is not a double or a boolean as text, times in ISO 8601. */
export function expectedRows(sql: SqlSession, from: number, to: number): Promise<Row[]> {
  return sql.rows(`SELECT id::VARCHAR AS id, n::VARCHAR AS n, price::VARCHAR AS price, ratio, flag, day::VARCHAR AS day, note, nothing,
    strftime(event_time, '%Y-%m-%dT%H:%M:%S.%f+00:00') AS event_time, event_month FROM (${events(from, to)}) ORDER BY id`);
}

/** What Python's readers have found. */
export interface Found {
  readonly version: number;
  readonly protocol: readonly number[];
  readonly schema: readonly unknown[];
  readonly arrow: Readonly<Record<string, string>>;
  readonly partitionBy: readonly string[];
  readonly files: number;
  readonly txns: Readonly<Record<string, string | null>>;
  readonly rows: readonly Row[];
  readonly duckdb: readonly (readonly string[])[];
  readonly adds: readonly Row[];
  readonly pruned: readonly { readonly files: number; readonly rows: number }[];
  readonly operations: readonly string[];
}

/** Lets Python do something with a table. */
export async function python(uri: string, request: object): Promise<Found> {
  const script = join(import.meta.dirname, 'delta-readers.py');
  return new Promise((resolve, reject) => {
    const limits = { maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(process.env.EVENTLAKE_TEST_PYTHON ?? '', [script], limits, (error, stdout) =>
      error ? reject(error) : resolve(JSON.parse(stdout)),
    );
    child.stdin?.end(JSON.stringify({ uri, ...request }));
  });
}
