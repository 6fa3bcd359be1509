import type { Row, SqlEngine } from '../core/contracts.ts';
import type { Model } from '../core/dataset.ts';
import { UsageError } from '../core/errors.ts';
import { type LocalFiles, newestFiles } from '../lake/local-files.ts';
import { literal, parquet } from '../lake/sql.ts';
import type { DeltaTable } from '../lake/table.ts';

/** What was turned away: how often for each reason, and the newest examples. */
export interface RejectedReport {
  readonly total: number;
  readonly reasons: { reason: string; rows: number }[];
  readonly examples: Row[];
}

/** Reads the `rejected` table; `limit` examples, the newest first, of one reason only if one is given. */
export async function rejectedRows(
  table: DeltaTable,
  files: LocalFiles,
  sql: SqlEngine,
  limit: number,
  reason?: string,
): Promise<RejectedReport> {
  const { paths } = await newestFiles(table, files);
  if (paths.length === 0) return { total: 0, reasons: [], examples: [] };
  const counts = await sql.rows(
    `SELECT reason, count(*) AS n FROM ${parquet(paths)} GROUP BY reason ORDER BY n DESC, reason`,
  );
  const reasons = counts.map((row) => ({ reason: String(row.reason), rows: Number(row.n) }));
  const examples = await sql.rows(
    `SELECT * FROM ${parquet(paths)} WHERE ${reason === undefined ? 'true' : `reason = ${literal(reason)}`} ORDER BY log_timestamp DESC, log_partition, log_offset DESC LIMIT ${limit}`,
  );
  return { total: reasons.reduce((sum, reason) => sum + reason.rows, 0), reasons, examples };
}

/** The profile of one key, or null. The key is compared in its own type, so a key of another type is a `UsageError`. */
export async function profileOf(
  model: Model,
  table: DeltaTable,
  files: LocalFiles,
  sql: SqlEngine,
  key: string,
): Promise<Row | null> {
  const { snapshot, paths } = await newestFiles(table, files);
  const type = snapshot?.fields.find((field) => field.name === model.key)?.type;
  if (type === 'long' && !isInt64(key)) {
    throw new UsageError('profile:bad_key', `"${key}" is no ${model.key}: it must be a 64-bit integer`);
  }
  if (paths.length === 0) return null;
  const value = type === 'long' ? key : literal(key);
  const [row] = await sql.rows(`SELECT * FROM ${parquet(paths)} WHERE ${model.key} = ${value} LIMIT 1`);
  return row ? plainCounts(row, model.key) : null;
}

/** Whether the text is a whole number of 64 bits. */
export function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** Counts become numbers, as in the audit; the key stays exact. */
export function plainCounts(row: Row, key: string): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) =>
      name !== key && typeof cell === 'bigint' && Number.isSafeInteger(Number(cell))
        ? [name, Number(cell)]
        : [name, cell],
    ),
  );
}

/** Rows a segment and the keys with the largest amounts, for a first look at a derived table. */
export async function highlights(
  model: Model,
  table: DeltaTable,
  files: LocalFiles,
  sql: SqlEngine,
): Promise<{ segments: Row[]; top: Row[] }> {
  const { snapshot, paths } = await newestFiles(table, files);
  const has = (name: string) => snapshot?.fields.some((field) => field.name === name) ?? false;
  if (paths.length === 0) return { segments: [], top: [] };
  const segments = has('segment')
    ? await sql.rows(`SELECT segment, count(*) AS n FROM ${parquet(paths)} GROUP BY segment ORDER BY n DESC`)
    : [];
  const top = model.amountColumn
    ? await sql.rows(
        `SELECT * FROM ${parquet(paths)} ORDER BY ${model.amountColumn} DESC, ${model.key} LIMIT 10`,
      )
    : [];
  return {
    segments: segments.map((row) => plainCounts(row, model.key)),
    top: top.map((row) => plainCounts(row, model.key)),
  };
}
