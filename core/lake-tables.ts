import { fieldTypeOf } from './column-types.ts';
import type { TableField } from './data-files.ts';
import type { Dataset } from './dataset.ts';

/** The column by which the `events` table is partitioned: the UTC month, as `2020-09`. */
export const MONTH = 'event_month';
/** Columns that the lake adds to a dataset's own. */
export const LOG_FIELDS: readonly TableField[] = [
  { name: 'log_partition', type: 'integer', nullable: true },
  { name: 'log_offset', type: 'long', nullable: true },
  { name: 'log_timestamp', type: 'timestamp', nullable: true },
];
/** The `rejected` table's columns. */
export const REJECTED_FIELDS: readonly TableField[] = [
  { name: 'reason', type: 'string', nullable: true },
  { name: 'detail', type: 'string', nullable: true },
  { name: 'payload', type: 'string', nullable: true },
  { name: 'source_file', type: 'string', nullable: true },
  { name: 'source_line', type: 'long', nullable: true },
  ...LOG_FIELDS,
];

/** The columns of the `events` table's files: the contract's, and where each came from in the log. */
export function eventColumns(dataset: Dataset): TableField[] {
  const own = dataset.columns.map(({ name, type }) => ({ name, type: fieldTypeOf(type), nullable: true }));
  return [...own, ...LOG_FIELDS];
}

/**
 * The `events` table's columns: the contract's, where each came from in the log, and the month by which it is
 * partitioned.
 */
export function eventsFields(dataset: Dataset): TableField[] {
  return [...eventColumns(dataset), { name: MONTH, type: 'string', nullable: true }];
}
