import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs';
import { DuckDbEngine } from '../../adapters/duckdb/engine.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { S3ObjectStore } from '../../adapters/s3/object-store.ts';
import { SparkEngine } from '../../adapters/spark/engine.ts';
import { openSpark, type SparkSession } from '../../adapters/spark/session.ts';
import type { RecordBatch, Stream } from '../../core/contracts.ts';
import type { NewFile } from '../../core/data-files.ts';
import { MONTH } from '../../core/lake-tables.ts';
import type { Row } from '../../core/row.ts';
import { literal } from '../../core/sql.ts';
import { LocalFiles } from '../../lake/local-files.ts';
import { locate, SPARK } from '../servers/test-servers.ts';

const REQUEST_BYTES = 200_000;

/** Spark, Kafka and a bucket, shared by the tests of a file; each test has topics of its own. */
export class SparkPlace {
  readonly spark: SparkSession;
  readonly sql: DuckDbSession;
  readonly store: S3ObjectStore;
  readonly local: DuckDbEngine;
  readonly engine: SparkEngine;
  readonly #folder: string;
  readonly #topics: { events: string; 'dead-letters': string };
  readonly #admin: Admin;
  readonly #kafka: Kafka;
  readonly #made: string[] = [];

  private constructor(parts: Pick<SparkPlace, 'spark' | 'sql' | 'store' | 'local' | 'engine'>, rest: Rest) {
    this.spark = parts.spark;
    this.sql = parts.sql;
    this.store = parts.store;
    this.local = parts.local;
    this.engine = parts.engine;
    this.#folder = rest.folder;
    this.#topics = rest.topics;
    this.#admin = rest.admin;
    this.#kafka = rest.kafka;
  }

  static async open(): Promise<SparkPlace> {
    const folder = await mkdtemp(join(tmpdir(), 'spark-'));
    const temporary = join(folder, 'tmp');
    const sql = await DuckDbSession.open({ temporary, memoryMb: 256, threads: 2 });
    const bucket = {
      endpoint: process.env.EVENTLAKE_TEST_MINIO ?? '',
      bucket: `test-${randomUUID()}`,
      accessKey: process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY ?? '',
      secretKey: process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY ?? '',
    };
    const store = new S3ObjectStore(bucket);
    await store.ensureBucket();
    const files = new LocalFiles(join(folder, 'cache'));
    const local = new DuckDbEngine({ sql, lake: { store, files }, temporary });
    const spark = await openSpark((await locate(SPARK)).address);
    const topics = { events: '', 'dead-letters': '' };
    const brokers = (process.env.EVENTLAKE_TEST_KAFKA ?? '').split(',');
    const kafka = { brokers, ssl: false, topics };
    const engine = await SparkEngine.open({
      connect: async () => spark,
      store,
      bucket,
      kafka,
      local,
      temporary,
    });
    const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    return new SparkPlace({ spark, sql, store, local, engine }, { folder, topics, admin, kafka: client });
  }

  /** Lets the log hold these records at their offsets, in new topics. */
  async put(records: readonly RecordBatch[]): Promise<void> {
    for (const stream of ['events', 'dead-letters'] as const) {
      const topic = `test-${randomUUID()}`;
      this.#topics[stream] = topic;
      this.#made.push(topic);
      const numPartitions = stream === 'events' ? 2 : 1;
      // The records' times are long ago.
      const configEntries = [{ name: 'retention.ms', value: '-1' }];
      await this.#admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] });
    }
    // One that has written to topics which were deleted asks for these again.
    const producer = this.#kafka.producer({
      transactionalId: randomUUID(),
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    try {
      for (const batch of records) await this.#fill(producer, batch);
    } finally {
      await producer.disconnect();
    }
  }

  async #fill(
    producer: Producer,
    { stream, partition, from, next, values, timestamps, keys, headers = new Map() }: RecordBatch,
  ): Promise<void> {
    // Records that were aborted, and the marker that says so, take offsets.
    const aborted = values.length > 0 ? Number(from) : Number(next - from);
    const topic = this.#topics[stream];
    if (aborted > 0) {
      const attempt = await producer.transaction();
      const messages = Array.from({ length: aborted - 1 }, () => ({ partition, value: 'aborted' }));
      await attempt.send({ topic, messages });
      await attempt.abort();
    }
    if (values.length === 0) return;
    const messages = Array.from(values, (value, i) => ({
      ...{ partition, value, timestamp: String(timestamps[i]), key: keys?.[i] ?? null },
      headers: Object.fromEntries([...headers].flatMap(([name, all]) => (all[i] ? [[name, all[i]]] : []))),
    }));
    const transaction = await producer.transaction();
    // A request may be as large as one of the largest values.
    for (let i = 0, end = 0; i < messages.length; i = end) {
      for (let bytes = 0; end < messages.length && (end === i || bytes < REQUEST_BYTES); end += 1)
        bytes += (messages[end]?.value?.length ?? 0) + (messages[end + 1]?.value?.length ?? 0);
      await transaction.send({ topic, messages: messages.slice(i, end) });
    }
    await transaction.commit();
  }

  /** The rows of Parquet files, new or of a table, in this order. */
  async rows(files: readonly NewFile[], table: string, order: string): Promise<Row[]> {
    const paths: string[] = [];
    for (const file of files) {
      const path = 'localPath' in file ? file.localPath : join(this.#folder, `${randomUUID()}.parquet`);
      if ('path' in file) await this.store.getFile(`${table}/${file.path}`, path);
      paths.push(path);
    }
    // The column by which files are kept apart need not be in them.
    const inFiles = paths.map(
      (path) => `SELECT COLUMNS(name -> name <> ${literal(MONTH)}) FROM ${this.sql.parquet([path])}`,
    );
    return paths.length === 0
      ? []
      : this.sql.rows(`FROM (${inFiles.join(' UNION ALL BY NAME ')}) ORDER BY ${order}`);
  }

  async leftovers(): Promise<string[]> {
    return (await readdir(join(this.#folder, 'tmp'))).filter((name) => !name.startsWith('duckdb-'));
  }

  /** Forgets the lake and the topics. */
  async empty(): Promise<void> {
    const keys: string[] = [];
    for await (const { key } of this.store.list('')) keys.push(key);
    await this.store.delete(keys);
    await this.#admin.deleteTopics({ topics: this.#made.splice(0) });
  }

  async close(): Promise<void> {
    await this.empty();
    await this.engine.close();
    await this.#admin.disconnect();
    await this.store.close();
    await this.sql.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Rest {
  readonly folder: string;
  readonly topics: Record<Stream, string>;
  readonly admin: Admin;
  readonly kafka: Kafka;
}
