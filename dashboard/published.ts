import { EventlakeError } from '../core/errors.ts';
import type { Warehouse } from '../core/sink.ts';
import { publishedState } from '../inspection/published.ts';
import type { PipelineAnswer } from './api.ts';
import type { SeenTable } from './lake-view.ts';

/** What PostgreSQL shows of the dataset's tables. */
export interface Published {
  /** Undefined while the server does not answer; `problem` then says why. */
  readonly tables: PipelineAnswer['published'];
  readonly problem: string | null;
  /** Changes whenever a version is published. */
  readonly progress: number;
}

/** Compares the tables in PostgreSQL with the lake, by their versions. */
export class PublishedTables {
  readonly #database: Warehouse;
  #progress = 0;

  constructor(database: Warehouse) {
    this.#database = database;
  }

  /** A server that does not answer keeps nobody from seeing the rest of the pipeline. */
  async now(models: readonly SeenTable[]): Promise<Published> {
    try {
      const versions = await this.#database.versions();
      this.#progress = versions.reduce((sum, { version }) => sum + Number(version ?? -1n), 0);
      const tables = versions.map((one) =>
        publishedState(one, models.find(({ name }) => name === one.table)?.snapshot ?? null),
      );
      return { tables, problem: null, progress: this.#progress };
    } catch (error) {
      if (!(error instanceof EventlakeError)) throw error;
      return { tables: undefined, problem: error.message, progress: this.#progress };
    }
  }
}
