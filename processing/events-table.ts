import type { DataFile } from '../core/data-files.ts';
import type { Dataset } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { EventlakeError } from '../core/errors.ts';
import { eventColumns, LOG_FIELDS } from '../core/lake-tables.ts';
import { checkColumns, checkTypes } from '../lake/schema.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';

/** A table as it was when it was looked at; no snapshot where there was no table. */
interface Seen {
  readonly table: Pick<DeltaTable, 'path'>;
  readonly snapshot: Snapshot | null;
}

/**
 * Rows of the `events` table as an SQL relation of the contract's columns, null in rows from before an
 * optional column was added. `lake:schema_mismatch` as {@link checkReadable} says.
 */
export function eventsRelation(
  sql: SqlSession,
  dataset: Dataset,
  { table, snapshot }: Seen,
  paths: readonly string[],
): string {
  if (snapshot) checkReadable(dataset, table.path, snapshot);
  return sql.table(eventColumns(dataset), paths);
}

/**
 * Checks that the table can be read by this contract: `lake:schema_mismatch` where it lacks a required
 * column, or has a column of another type.
 */
export function checkReadable(dataset: Dataset, table: string, { fields }: Pick<Snapshot, 'fields'>): void {
  const required = dataset.columns.filter((column) => column.required).map(({ name }) => name);
  checkColumns(table, fields, [...required, ...LOG_FIELDS.map(({ name }) => name)]);
  checkTypes(table, fields, eventColumns(dataset));
}

/**
 * Checks that events of this contract may be added to the table: `lake:schema_mismatch` where a column is
 * required of which earlier events have no value, because it was optional or is new.
 */
export function checkRequired(dataset: Dataset, table: string, snapshot: Snapshot): void {
  const required = dataset.columns.filter((column) => column.required).map(({ name }) => name);
  const nulls = snapshot.files.map(nullCounts);
  const unfilled = required.find(
    (name) =>
      nulls.some((counts) => (counts[name] ?? 0) > 0) ||
      (snapshot.files.length > 0 && !snapshot.fields.some((field) => field.name === name)),
  );
  if (unfilled === undefined) return;
  throw new EventlakeError(
    'lake:schema_mismatch',
    `table ${table}: column ${unfilled} has no value in earlier events, and is required by the contract`,
    {
      hint: 'Make the column optional, use another dataset name, or reset the dataset and run again.',
    },
  );
}

function nullCounts({ stats }: DataFile): Readonly<Record<string, number>> {
  return (JSON.parse(stats) as { nullCount?: Record<string, number> | null }).nullCount ?? {};
}
