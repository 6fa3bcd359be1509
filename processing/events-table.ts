import { fieldTypeOf } from '../core/column-types.ts';
import type { Dataset } from '../core/dataset.ts';
import type { TableField } from '../lake/schema.ts';

/** The column by which the `events` table is partitioned: the UTC month, as `2020-09`. */
export const MONTH = 'event_month';
/** Columns that the lake adds to a dataset's own. */
export const LOG_FIELDS: readonly TableField[] = [
  { name: 'log_partition', type: 'integer', nullable: true },
  { name: 'log_offset', type: 'long', nullable: true },
  { name: 'log_timestamp', type: 'timestamp', nullable: true },
];

/** The `events` table's columns: the contract's, where each came from in the log, and the month by which it is partitioned. */
export function eventsFields(dataset: Dataset): TableField[] {
  const own = dataset.columns.map(({ name, type }) => ({ name, type: fieldTypeOf(type), nullable: true }));
  return [...own, ...LOG_FIELDS, { name: MONTH, type: 'string', nullable: true }];
}
