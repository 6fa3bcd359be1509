import { keyOf, type Model, type Overview } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { UsageError } from '../core/errors.ts';
import type { Row } from '../core/row.ts';
import { literal } from '../core/sql.ts';
import { type LocalFiles, newestFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';

/** What was rejected: how often for each reason, and the newest examples. */
export interface RejectedReport {
  readonly total: number;
  readonly reasons: { reason: string; rows: number }[];
  readonly examples: Row[];
}

/** Reads the `rejected` table; `limit` examples, the newest first, of one reason only if one is given. */
export async function rejectedRows(
  table: DeltaTable,
  files: LocalFiles,
  sql: SqlSession,
  limit: number,
  reason?: string,
): Promise<RejectedReport> {
  const { paths } = await newestFiles(table, files);
  if (paths.length === 0) return { total: 0, reasons: [], examples: [] };
  const counts = await sql.rows(
    `SELECT reason, count(*) AS n FROM ${sql.parquet(paths)} GROUP BY reason ORDER BY n DESC, reason`,
  );
  const reasons = counts.map((row) => ({ reason: String(row.reason), rows: Number(row.n) }));
  const examples = await sql.rows(
    `SELECT * FROM ${sql.parquet(paths)} WHERE ${reason === undefined ? 'true' : `reason = ${literal(reason)}`} ORDER BY log_timestamp DESC, log_partition, log_offset DESC LIMIT ${limit}`,
  );
  return { total: reasons.reduce((sum, reason) => sum + reason.rows, 0), reasons, examples };
}

/**
 * The profile of one key, or null. The key is compared in its own type, so a key of another type is a
 * `UsageError`.
 */
export async function profileOf(
  model: Model,
  table: DeltaTable,
  files: LocalFiles,
  sql: SqlSession,
  key: string,
): Promise<Row | null> {
  const { snapshot, paths } = await newestFiles(table, files);
  const type = snapshot?.fields.find((field) => field.name === keyOf(model))?.type;
  if (type === 'long') requireInt64(keyOf(model), key);
  if (paths.length === 0) return null;
  const value = type === 'long' ? key : literal(key);
  const [row] = await sql.rows(
    `SELECT * FROM ${sql.parquet(paths)} WHERE ${keyOf(model)} = ${value} LIMIT 1`,
  );
  return row ? plainCounts(row, keyOf(model)) : null;
}

/**
 * Refuses a key of the column that is no whole number of 64 bits.
 * @throws UsageError `profile:bad_key`
 */
export function requireInt64(column: string, key: string): void {
  if (!isInt64(key))
    throw new UsageError('profile:bad_key', `"${key}" is not a valid ${column} (64-bit integer)`);
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

/** A first look at a derived table; what the dataset does not name is empty. */
export interface Highlights {
  /** How many rows each segment has. */
  readonly segments: Row[];
  /** The rows at the top. */
  readonly top: Row[];
  /** How many rows have spent something, and the sum; null where the table has no amount. */
  readonly spent: { readonly buyers: number; readonly total: string; readonly each: string } | null;
}

/** The highlights of a model's table. */
export async function highlights(
  model: Model,
  overview: Overview | undefined,
  table: DeltaTable,
  files: LocalFiles,
  sql: SqlSession,
): Promise<Highlights> {
  const { paths } = await newestFiles(table, files);
  if (paths.length === 0) return { segments: [], top: [], spent: null };
  const key = keyOf(model);
  const { segment, top } = overview ?? {};
  const segments = segment
    ? await sql.rows(
        `SELECT ${segment} AS segment, count(*) AS n FROM ${sql.parquet(paths)} GROUP BY ALL ORDER BY n DESC`,
      )
    : [];
  const highest = top
    ? await sql.rows(`SELECT * FROM ${sql.parquet(paths)} ORDER BY ${top.by} DESC, ${key} LIMIT 10`)
    : [];
  const amount = model.audit?.amount;
  const [sum] = amount
    ? await sql.rows(
        `SELECT count(*) AS buyers, CAST(sum(${amount}) AS VARCHAR) AS total, CAST(round(sum(${amount}) / count(*), 2) AS DECIMAL(38, 2))::VARCHAR AS each
FROM ${sql.parquet(paths)} WHERE ${amount} > 0`,
      )
    : [];
  return {
    spent:
      sum && Number(sum.buyers) > 0
        ? { buyers: Number(sum.buyers), total: String(sum.total), each: String(sum.each) }
        : null,
    segments: segments.map((row) => plainCounts(row, key)),
    top: highest.map((row) => plainCounts(row, key)),
  };
}
