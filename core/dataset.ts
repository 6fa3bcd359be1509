/** A column's type in the lake. `decimal(p,s)` is exact; `timestamp` is UTC with microseconds. */
export type ColumnType =
  | 'string'
  | 'int64'
  | 'double'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | `decimal(${number},${number})`;

/** One column of a dataset's contract. A value that breaks it turns the whole event away, with `<column>:<reason>`. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** A required column must be in the header, and its value must not be empty or null. */
  readonly required: boolean;
  readonly description?: string;
  /** The only values allowed (strings only). */
  readonly allowed?: readonly string[];
  /** Smallest and largest value allowed, both inclusive, written as decimal text so that no digit is lost. */
  readonly min?: string;
  readonly max?: string;
  /** How a timestamp or date is written, in strptime letters; ISO 8601 when absent. */
  readonly format?: string;
}

/** The SQL model that derives a table with one row a key from the dataset's events. */
export interface Model {
  /** The derived table's name. */
  readonly table: string;
  /** File beside dataset.yml. */
  readonly sql: string;
  /** The derived table's key: a column of both the contract and the model. */
  readonly key: string;
  /** Columns that the audit adds up: how many distinct events a row stands for, and what amount. */
  readonly eventsColumn: string;
  readonly amountColumn?: string;
}

/**
 * Which columns the dashboard's overview is drawn from. What a dataset does not name is not shown.
 */
export interface Overview {
  /** Column that says what kind of event it is. */
  readonly type?: string;
  /** Values of `type` on the way to a purchase, which is the last. */
  readonly funnel?: readonly string[];
  /** Numeric column: what the event is worth. Those of the last step add up to the revenue. */
  readonly amount?: string;
  readonly category?: string;
  readonly brand?: string;
  readonly session?: string;
  /** Column of the model that puts each of its rows into a group. */
  readonly segment?: string;
}

/** A dataset: its contract, how its table is laid out, and what is derived from it. */
export interface Dataset {
  readonly name: string;
  readonly description?: string;
  /** Where a person gets the input file, shown when it is missing. */
  readonly source?: string;
  readonly columns: readonly Column[];
  /** The column whose value keys each event: equal keys go to one partition, in order. */
  readonly key: string;
  /** A timestamp column; the `events` table is partitioned by its UTC month, as `event_month` = `2020-09`. */
  readonly time: string;
  readonly model?: Model;
  readonly overview?: Overview;
}

/** The tables of a dataset in the lake, besides its model's. */
export const EVENTS_TABLE = 'events';
export const REJECTED_TABLE = 'rejected';
