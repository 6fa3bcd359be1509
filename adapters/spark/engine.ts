import type { Dataset } from '../../core/dataset.ts';
import type {
  ArchivedFiles,
  ArchiveJob,
  Engine,
  EngineBatch,
  ModelFiles,
  ModelJob,
} from '../../core/engine.ts';
import { hasCode } from '../../core/errors.ts';
import { archiveOffsets, type SparkArchive } from './archive.ts';
import { kafkaSettings } from './kafka-source.ts';
import { bucketSettings } from './lake-place.ts';
import { computeModel } from './model.ts';
import { OffsetsBatch } from './offsets-batch.ts';
import type { SparkSession } from './session.ts';

/** What the engine works with. */
export interface SparkEngineParts extends Omit<SparkArchive, 'session'> {
  /** Opens a session, which the engine owns and closes. */
  connect(): Promise<SparkSession>;
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
  /** Null until the next job needs one. */
  #session: Promise<SparkSession> | null = null;

  private constructor(parts: SparkEngineParts) {
    this.#parts = parts;
  }

  static async open(parts: SparkEngineParts): Promise<SparkEngine> {
    const engine = new SparkEngine(parts);
    await engine.#opened();
    return engine;
  }

  async close(): Promise<void> {
    await (await this.#session)?.close();
  }

  async batch(_dataset: Dataset): Promise<EngineBatch> {
    return new OffsetsBatch(this.#parts.temporary);
  }

  async archive(job: ArchiveJob): Promise<ArchivedFiles> {
    if (!(job.batch instanceof OffsetsBatch)) throw new Error('a batch belongs to the engine that made it');
    const { batch } = job;
    return this.#on((spark) => archiveOffsets(spark, job, batch));
  }

  async model(job: ModelJob): Promise<ModelFiles> {
    const { lookup, model } = job;
    const isLocal = lookup !== undefined || model.csv !== undefined || model.reads !== undefined;
    return isLocal ? this.#parts.local.model(job) : this.#on((spark) => computeModel(spark, job));
  }

  /**
   * Works on the session. One that the server has forgotten is given up: the job fails, and the next one has
   * a new session.
   */
  async #on<T>(work: (spark: SparkArchive) => Promise<T>): Promise<T> {
    const opened = this.#opened();
    const session = await opened;
    try {
      return await work({ ...this.#parts, session });
    } catch (error) {
      if (hasCode(error, 'spark:session_lost') && this.#session === opened) {
        this.#session = null;
        await session.close();
      }
      throw error;
    }
  }

  #opened(): Promise<SparkSession> {
    this.#session ??= this.#open();
    return this.#session;
  }

  async #open(): Promise<SparkSession> {
    const { connect, bucket, kafka } = this.#parts;
    try {
      const session = await connect();
      await session.configure({
        // A table's log is read by so many tasks, 50 unless it is told: the logs here are short.
        'spark.databricks.delta.snapshotPartitions': '2',
        // The password of Kafka is a property that a statement names.
        'spark.sql.variable.substitute': 'true',
        ...bucketSettings(bucket),
        ...kafkaSettings(kafka),
      });
      return session;
    } catch (error) {
      this.#session = null;
      throw error;
    }
  }
}
