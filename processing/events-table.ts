import { fieldTypeOf } from '../core/column-types.ts';
import type { Dataset } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import { checkColumns, checkTypes, type TableField } from '../lake/schema.ts';
import type { DataFile, Snapshot } from '../lake/snapshot.ts';
import { tableRelation } from '../lake/sql.ts';
import type { DeltaTable } from '../lake/table.ts';

/** The column by which the `events` table is partitioned: the UTC month, as `2020-09`. */
export const MONTH = 'event_month';
/** Columns that the lake adds to a dataset's own. */
export const LOG_FIELDS: readonly TableField[] = [
  { name: 'log_partition', type: 'integer', nullable: true },
  { name: 'log_offset', type: 'long', nullable: true },
  { name: 'log_timestamp', type: 'timestamp', nullable: true },
];

/** A table as it was when it was looked at; no snapshot where there was no table. */
interface Seen {
  readonly table: Pick<DeltaTable, 'path'>;
  readonly snapshot: Snapshot | null;
}

/** The columns of the `events` table's files: the contract's, and where each came from in the log. */
export function eventColumns(dataset: Dataset): TableField[] {
  const own = dataset.columns.map(({ name, type }) => ({ name, type: fieldTypeOf(type), nullable: true }));
  return [...own, ...LOG_FIELDS];
}

/** The `events` table's columns: the contract's, where each came from in the log, and the month by which it is partitioned. */
export function eventsFields(dataset: Dataset): TableField[] {
  return [...eventColumns(dataset), { name: MONTH, type: 'string', nullable: true }];
}

/**
 * Rows of the `events` table as an SQL relation of the contract's columns, null in rows from before an optional column was added.
 * `lake:schema_mismatch` where the table lacks a required column, or has a column of another type.
 */
export function eventsRelation(dataset: Dataset, events: Seen, paths: readonly string[]): string {
  const columns = eventColumns(dataset);
  if (events.snapshot) {
    const { fields } = events.snapshot;
    const required = dataset.columns.filter((column) => column.required).map(({ name }) => name);
    checkColumns(events.table.path, fields, [...required, ...LOG_FIELDS.map(({ name }) => name)]);
    checkTypes(events.table.path, fields, columns);
  }
  return tableRelation(columns, paths);
}

/**
 * Checks that events of this contract may be added to the table: `lake:schema_mismatch` where a column is required of which earlier events
 * have no value, because it was optional or is new.
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
