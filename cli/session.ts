import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DuckDbCheckpoints } from '../adapters/duckdb/checkpoint-format.ts';
import { DuckDbEngine } from '../adapters/duckdb/engine.ts';
import { DuckDbSession } from '../adapters/duckdb/sql-session.ts';
import type { SparkEngine } from '../adapters/spark/engine.ts';
import { DATASETS, type DatasetFolder, loadDataset } from '../config/dataset/read.ts';
import { readEnvironment, type SettingsFiles } from '../config/environment.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import type { EventLog, ObjectStore } from '../core/contracts.ts';
import {
  aliasOf,
  type Dataset,
  EVENTS_TABLE,
  type IndexPublication,
  indexPublicationOf,
  modelOf,
  REJECTED_TABLE,
  topicOf,
} from '../core/dataset.ts';
import type { Sink, Warehouse } from '../core/sink.ts';
import { Checkpoints } from '../lake/checkpoint.ts';
import { LocalFiles } from '../lake/local-files.ts';
import { DeltaTable } from '../lake/table.ts';
import { logTo, note, setLogLevel } from './output.ts';
import { type Access, openScratch } from './scratch.ts';
import { openSparkEngine } from './spark.ts';
import { openTables, openWarehouse } from './warehouse.ts';
import { finishReset, type OpenPublication } from './wipe.ts';

/** DuckDB spills beyond this, so that the whole process stays below 500 MB. */
const SQL_MEMORY_MB = 180;

/** Options that every command has. */
export interface CommonOptions extends SettingsFiles {
  readonly json?: boolean;
  /** Take no servers from the environment: everything on local files. */
  readonly embedded?: boolean;
  /** In the place of WAREHOUSE_WRITE_MODE. */
  readonly writeMode?: 'batch' | 'partition';
  /** In the place of ENGINE. */
  readonly engine?: 'duckdb' | 'spark';
}

/** Everything a command works with, chosen by the environment alone. */
export interface Session extends DatasetFolder {
  readonly settings: Settings;
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly tables: { readonly events: DeltaTable; readonly rejected: DeltaTable };
  /** The tables of the models, by name. */
  readonly derived: ReadonlyMap<string, DeltaTable>;
  /** That of the model whose rows are the dataset's entities. */
  readonly profiles: DeltaTable | null;
  /**
   * A new object for the table, without what was read of it before: after a reset it may be another one.
   * `dataset.table` is another dataset's.
   */
  openTable(name: string): DeltaTable;
  /** What shows the published tables, in the order in which they are published. */
  readonly publications: readonly OpenPublication[];
  /** The index of the entities. */
  readonly index: Sink | null;
  /** Those of the publications that are other indices. */
  readonly indices: readonly OpenPublication[];
  /** Those of the publications that are tables in PostgreSQL. */
  readonly warehouse: readonly OpenPublication[];
  /** Queries on the PostgreSQL server that has these tables; null where there are none. */
  readonly database: Warehouse | null;
  readonly files: LocalFiles;
  readonly sql: DuckDbSession;
  readonly engine: DuckDbEngine;
  /** Connects to Spark at the first call; the session closes it. */
  spark(): Promise<SparkEngine>;
  readonly temporary: string;
  /** Folder of local copies. */
  readonly cache: string;
  close(): Promise<void>;
}

/** Reads the settings and the dataset, and warns of settings that are doubtful; opens no connection. */
export async function readConfiguration(
  name: string,
  options: CommonOptions,
): Promise<DatasetFolder & { settings: Settings }> {
  const { settings, warnings } = await settingsOf(options);
  if (!options.embedded) for (const warning of warnings) note(`warning: ${warning}`, 'warn');
  return { settings, ...(await loadDataset(datasetPlaces(settings), name)) };
}

/** Reads the settings, and lets notes be written as they say; `warnings` tell what is doubtful in them. */
export async function settingsOf({
  embedded,
  writeMode,
  engine,
  ...files
}: CommonOptions): Promise<{ settings: Settings; warnings: readonly string[] }> {
  const { environment, warnings } = readEnvironment(process.env, files);
  const { EVENTLAKE_HOME, EVENTLAKE_DATASETS, GEOIP_DATABASE } = environment;
  const given = embedded ? { EVENTLAKE_HOME, EVENTLAKE_DATASETS, GEOIP_DATABASE } : environment;
  if (writeMode) given.WAREHOUSE_WRITE_MODE = writeMode;
  if (engine) given.ENGINE = engine;
  // Before the settings are checked, so that what is wrong with them is said in this form too.
  if (given.LOG_FORMAT === 'json') logTo((await import('./json-log.ts')).jsonLog());
  const settings = readSettings(given);
  setLogLevel(settings.logLevel);
  return { settings, warnings };
}

/** The folders of datasets, in the order in which they are searched. */
export function datasetPlaces({ datasets }: Settings): string[] {
  return datasets === null ? [DATASETS] : [datasets, DATASETS];
}

/**
 * Wires the adapters that the settings name. For a command that writes, a reset that was interrupted is
 * finished first. The signal ends what the index is asked at once, and what the log and the object store are
 * asked soon; all else ends with the current batch.
 */
export async function openSession(
  name: string,
  options: CommonOptions,
  access: Access,
  signal?: AbortSignal,
): Promise<Session> {
  const { settings, dataset, folder } = await readConfiguration(name, options);
  const scratch = await openScratch(settings.home, access);
  const { folder: temporary, cache } = scratch;
  const log = await openLog(settings, dataset, access, signal);
  const store = await openStore(settings, access, signal);
  const sql = await openSql(temporary);
  const files = new LocalFiles(cache);
  const checkpoints = new Checkpoints(new DuckDbCheckpoints(sql), temporary);
  const openTable = (table: string) =>
    new DeltaTable(store, table.includes('.') ? table.replace('.', '/') : `${dataset.name}/${table}`, {
      checkpoints,
      warn: (warning) => note(`warning: ${warning.message}`, 'warn'),
    });
  const main = modelOf(dataset)?.table;
  const derived = new Map(dataset.models.map(({ table }) => [table, openTable(table)]));
  const publications = await openSinks(settings, { dataset, folder }, signal);
  const [index, ...indices] = publications.filter(({ to }) => to === 'elasticsearch');
  const database = await openWarehouse(settings, dataset, signal);
  const engine = new DuckDbEngine({ sql, lake: { store, files }, temporary });
  let spark: Promise<SparkEngine> | undefined;
  const session: Session = {
    settings,
    dataset,
    folder,
    log,
    store,
    tables: { events: openTable(EVENTS_TABLE), rejected: openTable(REJECTED_TABLE) },
    derived,
    profiles: derived.get(main ?? '') ?? null,
    openTable,
    publications,
    // What is published to Elasticsearch first is the model of the entities.
    index: index?.sink ?? null,
    indices,
    warehouse: publications.filter(({ to }) => to === 'postgres'),
    database,
    files,
    sql,
    engine,
    spark() {
      spark ??= openSparkEngine(settings, { dataset, store, local: engine, temporary, signal });
      return spark;
    },
    temporary,
    cache,
    async close() {
      await spark?.then((opened) => opened.close()).catch(() => {});
      const stores = [
        log,
        store,
        sql,
        ...(database ? [database] : []),
        ...publications.map(({ sink }) => sink),
      ];
      await Promise.allSettled(stores.map((one) => one.close()));
      await scratch.close();
    },
  };
  try {
    if (access !== 'look') await finishReset(session);
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

/** The first line of a job: a setting that was misspelt or left out shows in the stores that it uses. */
export function noteStores({ settings, log, store, index, warehouse: [copy] }: Session): void {
  const stores = {
    ...(settings.engine === 'duckdb' ? {} : { engine: settings.engine }),
    log: log.description,
    lake: store.description,
    index: index?.description ?? 'none',
    ...(copy ? { warehouse: copy.sink.description } : {}),
  };
  const parts = Object.entries(stores).map(([what, where]) => `${what}: ${where}`);
  note(parts.join('; '), 'info', { event: 'stores', ...stores });
}

/** The SQL engine alone; it spills into the folder. */
export async function openSql(temporary: string, memoryMb = SQL_MEMORY_MB): Promise<DuckDbSession> {
  return DuckDbSession.open({ temporary, memoryMb, threads: availableParallelism() });
}

// Client libraries are loaded only where they are used: they would triple the time that the embedded pipeline
// takes to start.

async function openLog(
  settings: Settings,
  dataset: Dataset,
  access: Access,
  signal?: AbortSignal,
): Promise<EventLog> {
  const topic = settings.topic ?? topicOf(dataset);
  const { kafka, partitions, home } = settings;
  if (!kafka) {
    const { LocalEventLog } = await import('../adapters/local-log/event-log.ts');
    return new LocalEventLog(join(home, 'log', topic), partitions);
  }
  const { KafkaEventLog } = await import('../adapters/kafka/event-log.ts');
  return new KafkaEventLog({
    brokers: kafka.brokers,
    topic,
    partitions,
    readOnly: dataset.source.type === 'topic' && access !== 'ingest',
    ssl: kafka.ssl,
    signal,
    ...(kafka.sasl ? { sasl: kafka.sasl } : {}),
  });
}

async function openStore(
  { minio, home }: Settings,
  access: Access,
  signal?: AbortSignal,
): Promise<ObjectStore> {
  if (!minio) {
    const { FileObjectStore } = await import('../adapters/folder/object-store.ts');
    return new FileObjectStore(join(home, 'lake'));
  }
  const { S3ObjectStore } = await import('../adapters/s3/object-store.ts');
  const store = new S3ObjectStore({ ...minio, signal });
  if (access !== 'look') await store.ensureBucket();
  return store;
}

/**
 * The sinks of the published tables, where the settings name a server for it. The events are exported to CSV
 * by a command of its own.
 */
async function openSinks(
  settings: Settings,
  { dataset, folder }: DatasetFolder,
  signal?: AbortSignal,
): Promise<OpenPublication[]> {
  const inWarehouse = await openTables(settings, { dataset, folder }, signal);
  const publications: OpenPublication[] = [];
  for (const publication of dataset.publish) {
    if (publication.to === 'csv') continue;
    const { table, to } = publication;
    const sink =
      to === 'postgres' ? inWarehouse.get(table) : await openIndex(settings, dataset, publication, signal);
    if (sink) publications.push({ table, to, sink });
  }
  return publications;
}

/** ELASTICSEARCH_INDEX names the index of the table that is published first. */
async function openIndex(
  { elasticsearch }: Settings,
  dataset: Dataset,
  publication: IndexPublication,
  signal?: AbortSignal,
): Promise<Sink | null> {
  if (!elasticsearch) return null;
  const { ElasticsearchSink } = await import('../adapters/elasticsearch/sink.ts');
  const { url, login } = elasticsearch;
  const named = publication === indexPublicationOf(dataset) ? elasticsearch.index : null;
  const index = named ?? aliasOf(dataset, publication);
  const table = `${dataset.name}/${publication.table}`;
  return new ElasticsearchSink({ url, index, table, login, signal });
}
