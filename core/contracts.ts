/**
 * The contracts between the stages and the outside. Each is small and dumb: no policy, no retries that change
 * meaning, no state beyond a connection. Policy sits in ingestion/ and processing/. Every adapter of a
 * contract passes the same suite in test/conformance/. Those of engines are in engine.ts and lookup.ts, those
 * of what is published to in sink.ts and event-file.ts, that of typed queries in sql-sandbox.ts.
 */

import type { OutgoingRecords } from './outgoing-records.ts';
import type { Slices } from './slices.ts';
import type { SourceLines } from './source-lines.ts';

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
  readonly events: OutgoingRecords;
  readonly deadLetters: OutgoingRecords;
  readonly progress: LedgerEntry;
}

/**
 * The only writer of a dataset's log. Opening one supersedes any older writer of the same log. `append` is
 * called with one chunk at a time, in order. It resolves when the chunk is durable, and the memory of its
 * events is then used again; when it rejects, the chunk is wholly absent or (for a lost answer only) wholly
 * there, and the caller opens a new writer and trusts the ledger alone. A superseded writer gets `log:fenced`
 * and must stop.
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
  readonly values: Slices;
  /** Where each record comes from; absent when none of them says so. */
  readonly sources?: SourceLines;
  /** The records' keys, where the reader was asked for them. */
  readonly keys?: readonly (Buffer | null)[];
  /**
   * For each header that the reader was asked for, its value in each record: null where there is none, the
   * last one where there are several.
   */
  readonly headers?: ReadonlyMap<string, readonly (Buffer | null)[]>;
  /**
   * The batch could not be read and was to be skipped: its one record, at its first offset, says what was
   * there.
   */
  readonly unreadable?: true;
  /** The reader only counts, and each offset from `from` up to `next` has a record: `offsets` is empty. */
  readonly gapless?: true;
}

/** What a reader hands over of each record besides its value. What is not asked for costs nothing. */
export interface RecordParts {
  readonly key: boolean;
  readonly headers: readonly string[];
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
  /** None when absent. */
  readonly parts?: RecordParts | undefined;
  /**
   * The records are only counted: a batch may come without their timestamps, values and sources, and a
   * gapless one without offsets. All bytes are read and checked as ever.
   */
  readonly countOnly?: boolean;
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

/** What a server, or a folder in its place, says of itself when it is asked whether it is well. */
export interface ServerState {
  /** Null where it does not say. */
  readonly version: string | null;
  readonly detail: string | null;
}
