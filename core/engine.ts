import type { RecordBatch, Stream } from './contracts.ts';
import type { DataFile, NewFile, TableField, TableVersion } from './data-files.ts';
import type { Dataset, Model } from './dataset.ts';
import type { Lookup } from './lookup.ts';
import type { Row } from './row.ts';
import type { Sink, SinkField, SinkForm } from './sink.ts';

/**
 * One SQL session with a ceiling on its memory; what exceeds it is spilled to disk. Statements run one at a
 * time. A statement that needs more than can be spilled is `sql:out_of_memory`: the caller divides the work,
 * and the session stays usable.
 */
export interface SqlSession {
  /** Runs one or more statements. */
  run(sql: string): Promise<void>;
  /** Runs one query with a small result. */
  rows(sql: string): Promise<Row[]>;
  /** Parquet files as a relation of the columns that they have; at least one file. */
  parquet(paths: readonly string[]): string;
  /**
   * A table's Parquet files as a relation of these columns: null in files that were written before the column
   * was added.
   */
  table(fields: readonly TableField[], paths: readonly string[]): string;
  /** Forgets tables, views and spilled data. */
  close(): Promise<void>;
}

/**
 * Consecutive records of a log, or for an engine that reads the log itself their offsets, on their way into
 * the lake. It belongs to the engine that made it.
 */
export interface EngineBatch {
  /** Records that the batch holds, of both streams. */
  readonly rows: number;
  readonly bytes: number;
  /** Whether the batch is as large as the engine should work on at once. */
  readonly isFull: boolean;
  /** One past the last offset that the batch covers, by partition id. */
  readonly next: ReadonlyMap<string, bigint>;
  /** Adds the records from offset `from` on. */
  add(records: RecordBatch, from: bigint): Promise<void>;
  /** Removes the batch and all files that were made of it. */
  discard(): Promise<void>;
}

/** One batch, to be archived. */
export interface ArchiveJob {
  readonly dataset: Dataset;
  readonly batch: EngineBatch;
  /**
   * The first offset of a partition that each table lacks, by partition id; absent where the table has
   * nothing of the partition.
   */
  readonly from: {
    readonly events: ReadonlyMap<string, bigint>;
    readonly rejected: ReadonlyMap<string, bigint>;
  };
}

/** Where the first row that was rejected for a reason comes from: `a.csv:7`, or `events/3 offset 12`. */
export interface FirstRejected {
  readonly reason: string;
  readonly place: string;
  /** Empty where the reason says it all. */
  readonly detail: string;
}

/** What a batch became: new files for each of the two tables, in no commit yet. */
export interface ArchivedFiles {
  /** The engine, as people call it. */
  readonly computedBy: string;
  /** Records that the engine found in the batch. */
  readonly read: Readonly<Record<Stream, number>>;
  /** One past the last offset that the files cover, by partition id. */
  readonly next: ReadonlyMap<string, bigint>;
  readonly events: readonly NewFile[];
  readonly rejected: readonly NewFile[];
  /** What was rejected, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** An example of each reason. */
  readonly firstRejected: readonly FirstRejected[];
}

/** A table under the name by which a model's SQL calls it: `events`, an earlier table, or `dataset.table`. */
export interface NamedTable {
  readonly name: string;
  readonly table: TableVersion;
}

/** A model, to be computed. */
export interface ModelJob {
  readonly dataset: Dataset;
  readonly model: Model;
  /** The model's SQL: one query over the tables that it names, and over `dataset` (one row: last_event). */
  readonly query: string;
  /** For a model that is a look-up: what the values of the query are looked up in. */
  readonly lookup?: Lookup | undefined;
  /** What the query reads. */
  readonly inputs: readonly NamedTable[];
  /** The derived table, where this very query made it. */
  readonly derived: TableVersion | null;
  /**
   * The files that `events` has gained since, where nothing else has changed: the rows of other values of
   * `shareBy`, or of a look-up's values, are still right.
   */
  readonly added: readonly DataFile[] | null;
  /** Ends the computation soon: `model` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each part, with how many of how many are done. */
  onProgress?(done: number, total: number): void;
}

/** What a model gave: its columns, and new files that are in no commit yet. */
export interface ModelFiles {
  /** The engine, as people call it. */
  readonly computedBy: string;
  readonly fields: readonly TableField[];
  readonly files: readonly NewFile[];
  /** The files of the derived table that stay as they are; none when absent. */
  readonly kept?: readonly DataFile[];
  /** Removes the new files that are on the local disk. */
  discard(): Promise<void>;
}

/**
 * Computes the tables of the lake. It writes Parquet files and says which, and never commits: exactly-once
 * does not depend on it. Called with one job at a time. A job may be repeated; files of an earlier attempt
 * are no part of any table.
 */
export interface Engine {
  /**
   * Whether the engine reads the log itself: its batches are given offsets alone, in record batches without
   * records.
   */
  readonly readsLog: boolean;
  /** Begins an empty batch. */
  batch(dataset: Dataset): Promise<EngineBatch>;
  /** Types and checks a batch by the dataset's contract. */
  archive(job: ArchiveJob): Promise<ArchivedFiles>;
  /**
   * Runs a model over its inputs. `model:invalid` when its SQL is no query over them or lacks a column that
   * the dataset file names, `model:bad_file` when a CSV file of its cannot be read, `object:missing` or
   * `lake:corrupt` when a file of an input is gone or damaged.
   */
  model(job: ModelJob): Promise<ModelFiles>;
}

/** What differs between two versions of a table, to be written for a sink. */
export interface ChangesJob {
  readonly form: SinkForm;
  readonly fields: readonly SinkField[];
  /** Local files of the newer version and of the older one, without those that both have. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The rows of a sink, compared with the rows that they are to show. */
export interface CopyComparison {
  readonly rows: number;
  /** How many are missing, differ, or should not be there. */
  readonly differing: number;
  /** The ids of the first of these. */
  readonly examples: readonly string[];
}

/** Events of a batch that break the contract in one way. */
export interface BrokenEvents {
  readonly reason: string;
  readonly rows: number;
  /** The first of their offsets. */
  readonly offsets: readonly number[];
}

/**
 * Records that another engine leaves to the local one, which alone decides why an event is rejected: local
 * Parquet files with the columns `stream`, `log_partition`, `log_offset`, `log_timestamp`, and as hexadecimal
 * text `value` and `source`. `value` is null for a tombstone; of a value that is too large it is the
 * beginning, which is too large as well. `source` is the file, a colon and the line; null where the record
 * does not say. The other parts of records that columns are read from are `_part_0`, `_part_1`, … in the
 * contract's order, as hexadecimal text; of one that is too large, the beginning, as of a value.
 */
export interface LeftRecords {
  readonly paths: readonly string[];
  /** As the answer is to say. */
  readonly next: ReadonlyMap<string, bigint>;
  /** For the files that are made of them. */
  readonly folder: string;
}

/**
 * The engine in this process, which also does what is small or not the lake's, whichever engine archives and
 * computes models.
 */
export interface LocalEngine extends Engine {
  /** Types and checks what another engine has left. */
  archiveLeft(job: Pick<ArchiveJob, 'dataset' | 'from'>, left: LeftRecords): Promise<ArchivedFiles>;
  /** The columns that a model will have over tables of these columns, by name, before there is any row. */
  modelFields(
    job: Pick<ModelJob, 'dataset' | 'model' | 'query' | 'lookup'>,
    tables: Readonly<Record<string, readonly TableField[]>>,
  ): Promise<readonly TableField[]>;
  /**
   * Writes the lines of every row that is new or differs, and of every one that vanished, to the file;
   * answers with their number.
   */
  changes(job: ChangesJob, file: string): Promise<number>;
  /**
   * Compares every row of the sink with the table's rows in these local files. Only digests are held in
   * memory.
   */
  compare(sink: Sink, fields: readonly SinkField[], paths: readonly string[]): Promise<CopyComparison>;
  /** The batch's events that break the contract, with at most `examples` offsets of each reason. */
  broken(dataset: Dataset, batch: EngineBatch, examples: number): Promise<readonly BrokenEvents[]>;
  /**
   * The batch's good events as a file of CSV lines (RFC 4180 with line feeds): the contract's columns,
   * partition and offset, in the order of their offsets. The file is removed with the batch.
   */
  csv(dataset: Dataset, batch: EngineBatch): Promise<{ readonly path: string; readonly rows: number }>;
}
