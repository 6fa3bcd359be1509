import type { Model, SinkPublication } from '../core/dataset.ts';
import type { Engine, LocalEngine } from '../core/engine.ts';
import type { Sink } from '../core/sink.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import type { ArchiveContext } from './archive.ts';
import type { ModelContext } from './model.ts';
import type { ArchiveResult } from './observer.ts';

/** One model: what it computes, from which tables, and into which. */
export type ModelSteps = Pick<ModelContext, 'model' | 'query' | 'lookup' | 'inputs' | 'table'>;

/** One publication: a model's table, and the sink that shows it. */
export interface PublishSteps {
  readonly model: Model;
  readonly table: DeltaTable;
  readonly to: SinkPublication['to'];
  readonly sink: Sink;
}

/** What processing works on and with. */
export interface ProcessContext {
  /** Its observer hears of all stages. */
  readonly archive: ArchiveContext;
  /** The dataset's models in order, each with its SQL, the table that it fills and those that it may read. */
  readonly models: readonly ModelSteps[];
  /** What is published where; none where there is nothing to publish to. */
  readonly publications: readonly PublishSteps[];
  readonly files: LocalFiles;
  /**
   * What models and publications are computed with; it may be the archive's engine, or one whose statements
   * do not wait for the archive's.
   */
  readonly engine: LocalEngine;
  /** What models are computed with, where that is another engine. */
  readonly modelEngine?: Engine | undefined;
  /** Folder for files of the moment. */
  readonly temporary: string;
  /** Fill the sinks again, also with what they show already. */
  readonly republish?: boolean;
  /** Asked once all is archived; what it throws ends processing before the models. */
  checkArchived?(result: ArchiveResult): void;
}
