/**
 * The contracts between the stages and the outside. Each is small and dumb: no policy, no retries that change
 * meaning, no state beyond a connection. Policy sits in ingestion/ and processing/. Every adapter of a
 * contract passes the same suite in test/conformance/. The contracts of engines are in engine.ts.
 */

import type { FieldType } from './field-types.ts';
import type { Row } from './row.ts';

/** The two topics of a dataset: its events, and the lines that could not become an event. */
export type Stream = 'events' | 'dead-letters';

/** One partition of one stream. */
export interface Partition {
  readonly stream: Stream;
  readonly partition: number;
}

/**
 * The offsets that a partition holds: `start` is the first still there, `end` is one past the last committed.
 */
export interface PartitionRange extends Partition {
  readonly start: bigint;
  readonly end: bigint;
}

/** `events/3`: a partition as a map key and in messages. */
export function partitionId({ stream, partition }: Partition): string {
  return `${stream}/${partition}`;
}

/** What one record carries into the log. `value` is at most 1,000,000 bytes. */
export interface OutgoingRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
  /** The line of the chunk's file on which it begins, where it is of a file: readers get both back. */
  readonly line?: number;
}

/** A line of a file, counted from 1. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/**
 * How far one file has been ingested; the ledger keeps the newest of each `ingestion`. `bytes` counts the
 * decompressed file from its first byte; `sha256` (hex) is over exactly these bytes, so the file is known
 * again by content, not by name. `rows` = `events` + `deadLetters`.
 */
export interface LedgerEntry {
  readonly ingestion: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly lines: number;
  readonly rows: number;
  readonly events: number;
  readonly deadLetters: number;
  /** True once the end of the file was reached. A file that grows later is continued. */
  readonly complete: boolean;
  /** UTC, ISO 8601. */
  readonly updatedAt: string;
  /** The states in which the file was complete before it grew, oldest first; absent when it never grew. */
  readonly earlier?: readonly FileState[];
}

/** A file's first `bytes` bytes, as a ledger entry counts them: their hash, line feeds and rows. */
export type FileState = Pick<LedgerEntry, 'bytes' | 'sha256' | 'lines' | 'rows'>;

/** What commits together: events, dead letters and the progress that they make. */
export interface Chunk {
  readonly events: readonly OutgoingRecord[];
  readonly deadLetters: readonly OutgoingRecord[];
  readonly progress: LedgerEntry;
}

/**
 * The only writer of a dataset's log. Opening one supersedes any older writer of the same log. `append` is
 * called with one chunk at a time, in order. It resolves when the chunk is durable; when it rejects, the
 * chunk is wholly absent or (for a lost answer only) wholly there, and the caller opens a new writer and
 * trusts the ledger alone. A superseded writer gets `log:fenced` and must stop.
 */
export interface LogWriter {
  append(chunk: Chunk): Promise<void>;
  close(): Promise<void>;
}

/**
 * Consecutive records of one partition, as read. Offsets ascend and may have gaps (control records,
 * compaction): the batch covers every offset from `from` up to, not including, `next`, and holds all records
 * that are left there. It may hold none. `timestamps` are milliseconds since the epoch. A null value is a
 * tombstone. Buffers must not be modified.
 */
export interface RecordBatch extends Partition {
  readonly from: bigint;
  readonly next: bigint;
  readonly offsets: readonly bigint[];
  readonly timestamps: readonly number[];
  readonly values: readonly (Buffer | null)[];
  /** Where each record comes from, null where it does not say; absent when none of them does. */
  readonly sources?: readonly (SourceLine | null)[];
  /**
   * The batch could not be read and was to be skipped: its one record, at its first offset, says what was
   * there.
   */
  readonly unreadable?: true;
}

/** How a reader is opened. */
export interface ReaderOptions {
  /** Readers with the same group share the partitions between them; without one the reader has them all. */
  readonly group?: string;
  /**
   * Where to begin in a partition: asked each time that the partition is given to this reader (again).
   * Null means from the first offset that is left.
   */
  position(partition: Partition): Promise<bigint | null>;
  /**
   * Names of batches ({@link batchName} in core/unreadable-batch.ts) to step over where they cannot be read.
   * A batch that can be read is read, and a name that no batch has changes nothing.
   */
  readonly skip?: ReadonlySet<string>;
}

/**
 * Reads both streams of a dataset, committed records only, in order within a partition. A log that is wiped
 * and made again while it is read is `log:made_anew`: nothing of the new one is read. A position below what
 * retention has left, or beyond the partition's end, is `log:offsets_missing`: never a silent skip. A batch
 * that cannot be read is `log:corrupt`, once all before it in its partition have been handed over, unless it
 * is to be skipped.
 */
export interface LogReader {
  /**
   * The next batch, or null when none came within `waitMs`. Batches of different partitions come in any
   * order.
   */
  poll(waitMs: number): Promise<RecordBatch | null>;
  /** Tells lag tools how far this group has read. Nothing is resumed from it; it may be lost. */
  commit(positions: ReadonlyMap<string, bigint>): Promise<void>;
  close(): Promise<void>;
}

/**
 * The event log of one dataset: a topic of events, a topic of dead letters, and the ledger of what was
 * ingested.
 */
export interface EventLog {
  /** For people: `kafka 127.0.0.1:9092, topic electronics`. */
  readonly description: string;
  /**
   * Makes the topics where they are missing. `partitions` counts those of the events topic. `id` is unique to
   * this log: a log that was wiped and made again has another id (Kafka: the events topic's id), so that
   * positions in one are never taken for positions in the other.
   */
  open(): Promise<{ id: string; partitions: number }>;
  /**
   * The id that `open` answers with, for those who only look: null when there is no events topic yet. Makes
   * nothing.
   */
  id(): Promise<string | null>;
  writer(): Promise<LogWriter>;
  reader(options: ReaderOptions): Promise<LogReader>;
  /** What every partition of both streams holds now; empty when there are no topics yet. */
  ranges(): Promise<PartitionRange[]>;
  /**
   * The newest entry of each ingestion, oldest ingestion first. Called after `writer()`, it shows all that
   * older writers committed.
   */
  ledger(): Promise<LedgerEntry[]>;
  /** Deletes the topics and all that they hold. Repeating it is harmless. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** An object's name, size and time of writing. */
export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/**
 * Named, immutable bytes. Keys are `/`-separated, without a leading slash. Every call may be repeated. A
 * reader never sees half an object; a resolved write survives a crash. A place that was not made yet (a
 * folder, a bucket) holds no objects.
 */
export interface ObjectStore {
  /** For people: `s3://data-lake on http://localhost:9000`, or a folder. */
  readonly description: string;
  /**
   * Stores the file at `path` under `key`, replacing what was there. The store may move the file away or copy
   * it.
   */
  putFile(key: string, path: string): Promise<void>;
  /**
   * Stores `body` under `key` unless the key exists: true when stored, false when it existed. Exactly one of
   * many rivals gets true.
   */
  putIfAbsent(key: string, body: Buffer): Promise<boolean>;
  put(key: string, body: Buffer): Promise<void>;
  /** The object's bytes; `object:missing` when there is none. */
  get(key: string): Promise<Buffer>;
  /** Writes the object to the local file `path`; `object:missing` when there is none. */
  getFile(key: string, path: string): Promise<void>;
  /** The local file that is the object, where the store is a local disk; null elsewhere. */
  pathOf(key: string): string | null;
  /**
   * Objects whose key begins with `prefix`, in ascending order of the key's UTF-8 bytes, after the key
   * `after` if one is given.
   */
  list(prefix: string, after?: string): AsyncIterable<ObjectInfo>;
  /** Deletes these; a key that does not exist is no error. */
  delete(keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

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
  /** For people: `elasticsearch http://localhost:9200, index customer-profiles`. */
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

/** How far an exported file has come. */
export interface ExportPosition {
  /** The id of the log that was read. */
  readonly log: string;
  /** The next offset to read, by partition id; partitions of which nothing was read are absent. */
  readonly next: ReadonlyMap<string, bigint>;
  /** Events that were written, and records that were read and broke the contract, since the export began. */
  readonly rows: number;
  readonly rejected: number;
}

/**
 * A file outside the lake to which the log's good events are appended. It has one writer. What `append`
 * brings is there wholly, with its position, or is undone by the next `open`: after an error the caller opens
 * it again.
 */
export interface EventFile {
  /** For people: `csv .eventlake/data/readings.csv`. */
  readonly description: string;
  /**
   * Makes the file for the log with this id where it is missing, and answers how far it has come; in another
   * log, if it was filled from that. `csv:in_use` while somebody else has it open.
   */
  open(logId: string): Promise<ExportPosition>;
  /**
   * Appends a local file of rows without a header (null: none) together with the position that they lead to.
   * Resolves when both are durable. `csv:superseded` when somebody else has written since.
   */
  append(rows: string | null, position: ExportPosition): Promise<void>;
  /** Whether there is a file that was made here. */
  exists(): Promise<boolean>;
  /** Deletes the file and all that belongs to it. Repeating it is harmless. `csv:in_use` as for `open`. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/** A query that somebody typed, over named tables. */
export interface SandboxRequest {
  readonly sql: string;
  /** By name: the local Parquet files of the table, none for a table without rows. */
  readonly tables: Readonly<Record<string, SandboxTable>>;
  /** Rows to give, after so many others; all when null. */
  readonly limit: number | null;
  readonly offset: number;
}

/** What a name in a sandboxed query stands for. */
export interface SandboxTable {
  readonly paths: readonly string[];
  readonly columns: readonly { readonly name: string; readonly sqlType: string }[];
}

/**
 * A running query: its columns, then its rows in groups. 64-bit integers, decimals, dates and times are
 * strings.
 */
export interface SandboxResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: AsyncIterable<readonly (string | number | boolean | null)[][]>;
  /**
   * Aborted when the query's time is up, also while nobody reads `rows`: a caller that passes them on must
   * stop then.
   */
  readonly deadline: AbortSignal;
}

/**
 * Runs queries that nobody has looked at. Read only by construction: one SELECT, no files but those of the
 * tables, no network, and limits on time and memory that no query gets around. `sql:invalid` what was typed
 * cannot run, or is no single SELECT; `sql:timeout`, `sql:memory`, `sql:too_large` the limits; `sql:busy`
 * (retriable) too many queries are running. All of them may come while the rows are read, too.
 */
export interface SqlSandbox {
  query(request: SandboxRequest): Promise<SandboxResult>;
}

/**
 * What is known of a value from data of the program's own, such as the country of an address. Equal values
 * get equal answers while `version` is the same; under another version all values are looked up again.
 */
export interface Lookup {
  /** Which data the answers come from. */
  readonly version: string;
  /** What is known, all of it text. */
  readonly columns: readonly string[];
  /** The texts, in the order of `columns`; null for what is not known. Never fails, for any text. */
  of(value: string): readonly (string | null)[];
}

/** What a server, or a folder in its place, says of itself when it is asked whether it is well. */
export interface ServerState {
  /** Null where it does not say. */
  readonly version: string | null;
  readonly detail: string | null;
}
