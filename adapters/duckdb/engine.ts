import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../core/contracts.ts';
import type { TableField, TableVersion } from '../../core/data-files.ts';
import type { Dataset } from '../../core/dataset.ts';
import type {
  ArchivedFiles,
  ArchiveJob,
  BrokenEvents,
  ChangesJob,
  CopyComparison,
  EngineBatch,
  LeftRecords,
  LocalEngine,
  ModelFiles,
  ModelJob,
} from '../../core/engine.ts';
import type { Sink, SinkField } from '../../core/sink.ts';
import type { LocalFiles } from '../../lake/local-files.ts';
import { archiveBatch, DUCKDB } from './archive.ts';
import { brokenEvents } from './broken-events.ts';
import { writeChanges } from './changes.ts';
import { compareCopy } from './compare.ts';
import { writeCsv } from './csv-rows.ts';
import { modelFields } from './describe.ts';
import { stagedLeft } from './left-records.ts';
import { computeAll } from './model-compute.ts';
import { computeLookup } from './model-lookup.ts';
import type { Computed, ModelRun } from './model-run.ts';
import { computeTouched } from './model-touched.ts';
import type { DuckDbSession } from './sql-session.ts';
import { StagedBatch } from './staged-batch.ts';

/** What the engine works with. */
export interface DuckDbEngineParts {
  readonly sql: DuckDbSession;
  /** Where tables are, and what gives out their files; null where only batches are worked on. */
  readonly lake: { readonly store: ObjectStore; readonly files: LocalFiles } | null;
  /** For files of the moment; each job has a folder of its own in it. */
  readonly temporary: string;
}

/**
 * {@link LocalEngine} on DuckDB in this process. The log's records are staged as text files, and each table
 * is read from local files.
 */
export class DuckDbEngine implements LocalEngine {
  readonly readsLog = false;
  readonly #parts: DuckDbEngineParts;

  constructor(parts: DuckDbEngineParts) {
    this.#parts = parts;
  }

  /**
   * Another engine within the same ceiling of memory: its statements run beside those of this one. It is
   * closed first.
   */
  async beside(): Promise<DuckDbEngine> {
    return new DuckDbEngine({ ...this.#parts, sql: await this.#parts.sql.beside() });
  }

  async close(): Promise<void> {
    await this.#parts.sql.close();
  }

  async batch(dataset: Dataset): Promise<EngineBatch> {
    return StagedBatch.create(dataset, this.#parts.temporary);
  }

  async archive(job: ArchiveJob): Promise<ArchivedFiles> {
    return archiveBatch(this.#parts.sql, job, staged(job.batch));
  }

  async archiveLeft(job: Pick<ArchiveJob, 'dataset' | 'from'>, left: LeftRecords): Promise<ArchivedFiles> {
    return archiveBatch(this.#parts.sql, job, await stagedLeft(this.#parts.sql, job.dataset, left));
  }

  async model(job: ModelJob): Promise<ModelFiles> {
    const { sql, lake, temporary } = this.#parts;
    if (!lake) throw new Error('an engine without a lake computes no models');
    const { store, files } = lake;
    const folder = join(temporary, `model-${process.pid}-${crypto.randomUUID()}`);
    const discard = () => rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    try {
      const paths = (table: TableVersion) => files.paths({ path: table.path, store }, table);
      return { computedBy: DUCKDB, ...(await computed({ ...job, sql, folder, paths })), discard };
    } catch (error) {
      await discard();
      throw error;
    }
  }

  async modelFields(
    job: Pick<ModelJob, 'dataset' | 'model' | 'query' | 'lookup'>,
    tables: Readonly<Record<string, readonly TableField[]>>,
  ): Promise<TableField[]> {
    return modelFields(this.#parts.sql, job, tables);
  }

  async changes(job: ChangesJob, file: string): Promise<number> {
    return writeChanges(this.#parts.sql, job, file);
  }

  async compare(sink: Sink, fields: readonly SinkField[], paths: readonly string[]): Promise<CopyComparison> {
    const { sql, temporary } = this.#parts;
    return compareCopy(sql, temporary, { sink, fields, paths });
  }

  async broken(dataset: Dataset, batch: EngineBatch, examples: number): Promise<BrokenEvents[]> {
    return brokenEvents(this.#parts.sql, dataset, staged(batch), examples);
  }

  async csv(dataset: Dataset, batch: EngineBatch): Promise<{ path: string; rows: number }> {
    return writeCsv(this.#parts.sql, dataset, staged(batch));
  }
}

async function computed(run: ModelRun): Promise<Computed> {
  const { lookup, derived, added } = run;
  if (lookup) return computeLookup(run, lookup);
  const touched = derived && added ? await computeTouched(run, derived, added) : null;
  return touched ?? computeAll(run);
}

function staged(batch: EngineBatch): StagedBatch {
  if (batch instanceof StagedBatch) return batch;
  throw new Error('a batch belongs to the engine that made it');
}
