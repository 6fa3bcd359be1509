import type { RecordBatch } from '../core/contracts.ts';
import type { SinkPublication } from '../core/dataset.ts';
import type { ArchivedFiles } from '../core/engine.ts';
import type { EventlakeError } from '../core/errors.ts';
import type { SinkForm } from '../core/sink.ts';

/**
 * Hears all that the stages do, as it happens. It returns at once, and never throws: no stage waits for who
 * looks on.
 */
export type Observer = (event: ProcessEvent) => void;

/** Something that a stage did. */
export type ProcessEvent =
  /** The log was asked for more and answered, or a later stage has made progress. */
  | { readonly type: 'turn' }
  /** Records were read that are not in the lake yet; of an engine that reads the log, only their offsets. */
  | { readonly type: 'read'; readonly records: RecordBatch }
  /** An engine that reads the log itself has read a batch: so many records of each stream. */
  | { readonly type: 'engine-read'; readonly records: ArchivedFiles['read'] }
  | ({ readonly type: 'progress' } & StageProgress)
  /** A batch was committed to the lake. */
  | { readonly type: 'committed'; readonly outcome: BatchOutcome }
  /** There is nothing to read, and no batch has been begun. */
  | { readonly type: 'idle' }
  /** A batch was dropped because another worker had moved on in its partitions. */
  | { readonly type: 'superseded'; readonly reason: string }
  /** All that was to be archived is in the lake. */
  | { readonly type: 'archived'; readonly result: ArchiveResult }
  | { readonly type: 'modelled'; readonly outcome: ModelOutcome; readonly seconds: number }
  | { readonly type: 'published'; readonly outcome: Published; readonly seconds: number }
  | ({ readonly type: 'failed' } & StageFailure);

/** The stages of processing, in running order. */
export type Stage = 'archive' | 'model' | 'publish';

/** How far a stage has come. */
export interface StageProgress {
  readonly stage: Stage;
  /** What is counted: records of the log, shares of a model's keys, documents or rows of a sink. */
  readonly unit: 'records' | 'shares' | SinkForm;
  readonly done: number;
  /** Null while it is not known: the log still grows, or the stage has only begun. */
  readonly total: number | null;
}

/** A stage that failed, and will be retried. */
export interface StageFailure {
  readonly stage: Stage;
  readonly error: EventlakeError;
  readonly pauseMs: number;
}

/** What one batch brought into the lake. */
export interface BatchOutcome extends Pick<ArchivedFiles, 'reasons' | 'firstRejected'> {
  readonly events: number;
  readonly rejected: number;
  /** Of the Parquet files. */
  readonly bytes: number;
  readonly eventsVersion: bigint | null;
  readonly seconds: number;
}

/** What one run of the archive brought into the lake. */
export interface ArchiveResult {
  readonly events: number;
  readonly rejected: number;
  readonly commits: number;
  readonly stopped: boolean;
}

/** What one run of a model did. */
export interface ModelResult {
  readonly outcome: 'computed' | 'up_to_date' | 'no_events';
  /** The derived table's version now; null when there is none. */
  readonly version: bigint | null;
  readonly rows: bigint;
}

/** What became of one model. */
export interface ModelOutcome extends ModelResult {
  readonly table: string;
}

/** What one publication did. */
export interface PublishResult {
  readonly outcome: 'published' | 'up_to_date' | 'no_profiles';
  readonly version: bigint | null;
  readonly stored: number;
  readonly deleted: number;
}

/** What became of one publication. */
export interface Published extends PublishResult {
  readonly table: string;
  readonly to: SinkPublication['to'];
}
