import type { SinkForm } from '../core/sink.ts';

/** How far a stage of processing has come. */
export interface StageProgress {
  readonly stage: 'archive' | 'model' | 'publish';
  /** What is counted: records of the log, shares of a model's keys, documents or rows of a sink. */
  readonly unit: 'records' | 'shares' | SinkForm;
  readonly done: number;
  /** Null while it is not known: the log still grows, or the stage has only begun. */
  readonly total: number | null;
}
