import type { FieldType } from './field-types.ts';
import type { Row } from './row.ts';

/** A column of a published table. How it is stored is the sink's choice. */
export interface SinkField {
  readonly name: string;
  /** The column's type in the lake; `json` is text that is JSON. */
  readonly type: FieldType | 'json';
  /** Whether the column is of the table's key. */
  readonly key: boolean;
}

/**
 * How a sink takes rows, one on each line:
 * - `documents`: the key as a JSON string, a tab, and the row as a JSON document, or nothing where it is
 *   deleted. The key is one column.
 * - `rows`: values parted by tabs: `t` where the row is deleted and else `f`, then one for each field. `\N`
 *   is null; a backslash and control characters are escaped as in PostgreSQL's COPY text format. Of a deleted
 *   row only the key has values.
 */
export type SinkForm = 'documents' | 'rows';

/** How many rows a file of changes stores and deletes. */
export interface SinkCounts {
  readonly stored: number;
  readonly deleted: number;
}

/**
 * The published copy of one table, for people. It shows one version of the table at a time, and says which.
 * `open` first; then `apply` any number of times, and `finish` once all changes of the version are in.
 */
export interface Sink {
  /** For people: `elasticsearch http://localhost:9200, index profiles`. */
  readonly description: string;
  readonly form: SinkForm;
  /** What finishes this sink and others of its system together; absent where each is finished by itself. */
  readonly group?: SinkGroup;
  /**
   * Makes the copy for these fields of the table with this id (null: there is no table yet) where it is
   * missing, and answers with the version of that very table that it shows completely; null when it shows
   * none, or another table, and then every row must be sent. What it showed before stays visible until
   * `finish`.
   */
  open(fields: readonly SinkField[], tableId: string | null): Promise<bigint | null>;
  /**
   * Stores or deletes rows as of `version`; a row that already has a newer version is left as it is. The file
   * has a line a change in the sink's form, of a row at most one; it must stay as it is until `finish`. It is
   * read as a stream; `onProgress` is called each time that some of it is stored, with the number of changes
   * that are, where it is known. Passing faults are retried; what a row makes impossible is `index:rejected`
   * or `warehouse:rejected`, what the login may not do `index:forbidden` or `warehouse:forbidden`. May be
   * repeated with the same version.
   */
  apply(file: string, version: bigint, onProgress?: (changes?: number) => void): Promise<SinkCounts>;
  /**
   * Makes the changes visible and records that the sink now shows `version`. `index:incomplete` when an
   * interrupted run had left rows that the changes did not cover, `warehouse:superseded` when another writer
   * has published since `open`: the caller opens the sink again, and sends what differs from what it then
   * shows.
   */
  finish(version: bigint): Promise<void>;
  /** How many rows the sink shows; 0 when there is no copy. */
  count(): Promise<number>;
  /**
   * These fields of all rows that the sink shows, as lines in the sink's form, in pages, in any order; none
   * when there is no copy. Documents come whole, and their JSON may be written otherwise than it was sent.
   */
  pages(fields: readonly SinkField[]): AsyncIterable<readonly string[]>;
  /**
   * Lets the next `open` answer null, so that every row is sent. Until that is finished, the sink may show
   * none.
   */
  forget(): Promise<void>;
  /** Deletes all rows, and forgets their version. Repeating it is harmless. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** Sinks whose tables refer to each other. */
export interface SinkGroup {
  /**
   * As {@link Sink.finish} of each of these, which show their new versions together or not at all. The sinks
   * come in the order in which they are published: a table after those that its rows refer to.
   */
  finish(versions: ReadonlyMap<Sink, bigint>): Promise<void>;
}

/** The answer of a query: its columns in order, and its rows. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** Which version of which table of the lake a published table shows completely; null where it shows none. */
export interface PublishedVersion {
  readonly table: string;
  readonly tableId: string | null;
  readonly version: bigint | null;
}

/** The database that tables are published to, for those who only look. */
export interface Warehouse {
  /** For people: `postgres localhost:5432/warehouse`. */
  readonly description: string;
  /**
   * What one SELECT answers, in a transaction that cannot write. Tables are found under their names alone.
   * `report:no_facts` when a table that it names is not there yet.
   */
  query(sql: string): Promise<Answer>;
  /**
   * What the dataset's tables show, in the order in which they are published. Counts no rows, and fails soon
   * where the server does not answer, so that it can be asked every second.
   */
  versions(): Promise<PublishedVersion[]>;
  close(): Promise<void>;
}
