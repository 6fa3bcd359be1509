import type { EventLog } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import type { Sink } from '../core/sink.ts';
import type { SqlSandbox } from '../core/sql-sandbox.ts';

import type { Audits } from './audits.ts';
import type { FactsStore } from './facts.ts';
import type { LakeView } from './lake-view.ts';
import type { ListedDataset } from './listed.ts';
import type { LiveReadings } from './live/live-readings.ts';
import type { PipelineWatcher } from './pipeline-watcher.ts';
import type { Reports } from './reports.ts';

/** What the routes work with. All of it is read only. */
export interface DashboardContext {
  readonly dataset: Dataset;
  /** All that the server shows, this one among them. */
  readonly datasets: readonly ListedDataset[];
  readonly log: EventLog;
  readonly index: Sink | null;
  /** For people: where the lake is. */
  readonly place: string;
  readonly view: LakeView;
  readonly facts: FactsStore;
  /** Answers queries over the tables themselves. */
  readonly sql: SqlSession;
  /** Runs what people type. */
  readonly sandbox: SqlSandbox;
  readonly audits: Audits;
  readonly reports: Reports;
  readonly watcher: PipelineWatcher;
  /** What the CSV export has written; null where the dataset has no view of it. */
  readonly readings: LiveReadings | null;
}
