import type { LocalFile, TableField, TableVersion } from '../../core/data-files.ts';
import type { ModelFiles, ModelJob, SqlSession } from '../../core/engine.ts';

/** A model's job, and what it is computed with. */
export interface ModelRun extends ModelJob {
  readonly sql: SqlSession;
  /** For files of the moment, and for the result. */
  readonly folder: string;
  /** Local paths of a table's files, in their order. */
  paths(table: TableVersion): Promise<string[]>;
}

/** What a run gave: files in its folder. */
export interface Computed extends Omit<ModelFiles, 'computedBy' | 'discard'> {
  readonly files: readonly LocalFile[];
}

/** Events as an SQL relation of the contract's columns, and how many there are. */
export interface EventRows {
  readonly source: string;
  readonly rows: number;
  readonly paths: readonly string[];
}

/** The columns of tables, by the names under which a query reads them. */
export type TableColumns = Readonly<Record<string, readonly TableField[]>>;
