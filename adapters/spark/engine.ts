import type { Dataset } from '../../core/dataset.ts';
import type {
  ArchivedFiles,
  ArchiveJob,
  Engine,
  EngineBatch,
  ModelFiles,
  ModelJob,
} from '../../core/engine.ts';
import { archiveOffsets, type SparkArchive } from './archive.ts';
import { kafkaSettings } from './kafka-source.ts';
import { bucketSettings } from './lake-place.ts';
import { computeModel } from './model.ts';
import { OffsetsBatch } from './offsets-batch.ts';

/** What the engine works with. */
export interface SparkEngineParts extends SparkArchive {
  /** For files of the moment. */
  readonly temporary: string;
}

/**
 * {@link Engine} on Apache Spark, over Spark Connect. Spark reads the log on Kafka by offsets and the lake's
 * tables by version, and writes files into the tables' folders. What is small, or not its own, is the local
 * engine's: events that are not certainly good, look-ups, tables of CSV files, and models that read other
 * datasets.
 */
export class SparkEngine implements Engine {
  readonly readsLog = true;
  readonly #parts: SparkEngineParts;

  private constructor(parts: SparkEngineParts) {
    this.#parts = parts;
  }

  /** Sets up the session, which the engine owns and closes. */
  static async open(parts: SparkEngineParts): Promise<SparkEngine> {
    await parts.session.configure({
      // A table's log is read by so many tasks, 50 unless it is told: the logs here are short.
      'spark.databricks.delta.snapshotPartitions': '2',
      // The login to Kafka is a property that a statement names.
      'spark.sql.variable.substitute': 'true',
      ...bucketSettings(parts.bucket),
      ...kafkaSettings(parts.kafka),
    });
    return new SparkEngine(parts);
  }

  async close(): Promise<void> {
    await this.#parts.session.close();
  }

  async batch(_dataset: Dataset): Promise<EngineBatch> {
    return new OffsetsBatch(this.#parts.temporary);
  }

  async archive(job: ArchiveJob): Promise<ArchivedFiles> {
    if (!(job.batch instanceof OffsetsBatch)) throw new Error('a batch belongs to the engine that made it');
    return archiveOffsets(this.#parts, job, job.batch);
  }

  async model(job: ModelJob): Promise<ModelFiles> {
    const { lookup, model } = job;
    const isLocal = lookup !== undefined || model.csv !== undefined || model.reads !== undefined;
    return isLocal ? this.#parts.local.model(job) : computeModel(this.#parts, job);
  }
}
