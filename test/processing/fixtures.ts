import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { checkedEvents, offendingText } from '../../adapters/duckdb/contract-sql.ts';
import { DuckDbEngine } from '../../adapters/duckdb/engine.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { StagedBatch } from '../../adapters/duckdb/staged-batch.ts';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import { LocalEventLog } from '../../adapters/local-log/event-log.ts';
import { parseDataset } from '../../config/dataset/parse.ts';
import { DATASETS, loadDataset, modelQuery } from '../../config/dataset/read.ts';
import type { EventLog } from '../../core/contracts.ts';
import type { Dataset, Model } from '../../core/dataset.ts';
import type { OutgoingRecord } from '../../core/outgoing-records.ts';
import type { Row } from '../../core/row.ts';
import type { Sink, SinkField } from '../../core/sink.ts';
import { Slices } from '../../core/slices.ts';
import { LocalFiles } from '../../lake/local-files.ts';
import { DeltaTable } from '../../lake/table.ts';
import { type ArchiveContext, archive } from '../../processing/archive.ts';
import type { ModelContext } from '../../processing/model.ts';
import { type ProcessResult, processLog } from '../../processing/process.ts';
import type { ProcessContext } from '../../processing/process-context.ts';
import { chunkOf } from '../conformance/event-log-records.ts';

/** Stays what it is in the log: text, bytes, or null for a tombstone. */
export type Value = string | Buffer | null;

/** A dataset of these columns (YAML flow maps without braces), after the timestamp `ts` and the key `k`. */
export function datasetOf(...columns: string[]): Dataset {
  const lines = ['name: ts, type: timestamp, required: true', 'name: k, type: string', ...columns];
  return parseDataset(
    `name: things\nkey: k\ntime: ts\ncolumns:\n${lines.map((line) => `  - {${line}}\n`).join('')}`,
    'things.yml',
  );
}

/** An engine, a log, a store and tables of their own, in one folder. */
export class Workplace {
  readonly folder: string;
  readonly sql: DuckDbSession;
  readonly files: LocalFiles;
  readonly store: FileObjectStore;
  readonly engine: DuckDbEngine;
  #logs = 0;
  #tables = 0;

  private constructor(folder: string, sql: DuckDbSession) {
    this.folder = folder;
    this.sql = sql;
    this.files = new LocalFiles(join(folder, 'cache'));
    this.store = new FileObjectStore(join(folder, 'lake'));
    this.engine = this.engineOn(sql);
  }

  static async create(): Promise<Workplace> {
    const folder = await mkdtemp(join(tmpdir(), 'processing-'));
    return new Workplace(
      folder,
      await DuckDbSession.open({ temporary: join(folder, 'tmp'), memoryMb: 256, threads: 2 }),
    );
  }

  async remove(): Promise<void> {
    await this.sql.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  get temporary(): string {
    return join(this.folder, 'tmp');
  }

  /** Another engine over the same lake. */
  engineOn(sql: DuckDbSession): DuckDbEngine {
    return new DuckDbEngine({
      sql,
      lake: { store: this.store, files: this.files },
      temporary: this.temporary,
    });
  }

  /** The steps of processing work on these. */
  get parts() {
    return { files: this.files, engine: this.engine, temporary: this.temporary };
  }

  log(partitions = 2): LocalEventLog {
    this.#logs += 1;
    return new LocalEventLog(join(this.folder, `log-${this.#logs}`), partitions);
  }

  table(): DeltaTable {
    this.#tables += 1;
    return new DeltaTable(this.store, `things/table-${this.#tables}`);
  }

  archiveContext(dataset: Dataset, log: EventLog, options: Partial<ArchiveContext> = {}): ArchiveContext {
    const tables = { events: this.table(), rejected: this.table() };
    return {
      dataset,
      log,
      tables,
      engine: this.engine,
      batchRows: 1000,
      batchSeconds: 60,
      ...options,
    };
  }

  /** The rows of a table, by its newest snapshot; `order` sorts them. */
  async rows(table: DeltaTable, order: string): Promise<Row[]> {
    const snapshot = await table.snapshot();
    const paths = snapshot ? await this.files.paths(table, snapshot) : [];
    return paths.length === 0
      ? []
      : this.sql.rows(`SELECT * FROM ${this.sql.parquet(paths)} ORDER BY ${order}`);
  }

  /** The table that these events make, given in good order. */
  async eventsOf(dataset: Dataset, values: readonly string[]): Promise<DeltaTable> {
    const log = this.log(2);
    await append(
      log,
      values.map((value, i) => [i % 2, value] as const),
    );
    const context = this.archiveContext(dataset, log);
    expect(await archive(context, { ends: log.ranges() })).toMatchObject({
      events: values.length,
      rejected: 0,
    });
    return context.tables.events;
  }

  modelContext({ dataset, model, query }: Electronics, events: DeltaTable): ModelContext {
    const inputs = [{ name: 'events', table: events }];
    return { dataset, model, query, inputs, table: this.table(), engine: this.engine };
  }

  /**
   * Requires of a column `n` of this type that of each value, as it is written in JSON, becomes what is said:
   * the value in the lake, or in brackets the reason for which there is none.
   */
  async expectOutcomes(
    column: string,
    cases: readonly (readonly [written: string, becomes: Row[string]])[],
  ): Promise<void> {
    const rows = await this.check(
      datasetOf(`name: n, ${column}`),
      cases.map(([written]) => event('a', `"n":${written}`)),
    );
    const found = rows.map(({ reason, n }) =>
      reason === null ? n : `[${String(reason).replace('n:', '')}]`,
    );
    const short = (text: string) => text.slice(0, 60);
    expect(cases.map(([written], i) => [short(written), found[i]])).toEqual(
      cases.map(([written, becomes]) => [short(written), becomes]),
    );
  }

  /** What the contract says of these values: for each its `reason`, `detail` and columns. */
  async check(dataset: Dataset, values: readonly Value[]): Promise<Row[]> {
    const batch = await StagedBatch.create(dataset, this.temporary);
    try {
      await batch.add(batchOf(values), 0n);
      await batch.close();
      const columns = dataset.columns.map(({ name }) => name).join(', ');
      return await this.sql.rows(
        `SELECT reason, ${offendingText(dataset)} AS detail, ${columns} FROM (${checkedEvents(dataset, batch.relation('events'))}) ORDER BY log_offset`,
      );
    } finally {
      await batch.discard();
    }
  }
}

/**
 * The steps after the archive of a dataset with one model, whose table is published where there is an index.
 */
export function stepsOf(
  { model, query }: Pick<Electronics, 'model' | 'query'>,
  { events }: ArchiveContext['tables'],
  table: DeltaTable,
  index: Sink | null,
): Pick<ProcessContext, 'models' | 'publications'> {
  return {
    models: [{ model, query, inputs: [{ name: 'events', table: events }], table }],
    publications: index ? [{ model, table, to: 'elasticsearch', sink: index }] : [],
  };
}

/** Processes what the log holds. */
export function processAll(context: ProcessContext, stop = new AbortController()): Promise<ProcessResult> {
  return processLog(context, { ends: context.archive.log.ranges(), stop });
}

/** The dataset that comes with the project; its two models in one, over shares of users. */
export interface Electronics {
  readonly dataset: Dataset;
  readonly model: Model;
  readonly query: string;
}

export async function electronics(): Promise<Electronics> {
  const found = await loadDataset([DATASETS], 'electronics');
  const { dataset } = found;
  const [totals, profiles] = dataset.models;
  if (!totals || !profiles) throw new Error('electronics has two models');
  const query = `WITH ${totals.table} AS (${await modelQuery(found, totals)})\n${await modelQuery(found, profiles)}`;
  const model = { ...totals, ...profiles };
  return { dataset: { ...dataset, models: [model] }, model, query };
}

/** An event of electronics as ingestion writes it; what is not given is plain. */
export function line(user: string, fields: Record<string, string | null> = {}): string {
  const plain = {
    event_time: '2020-10-31 12:00:00 UTC',
    event_type: 'view',
    product_id: '1',
    category_id: '2144415922528452715',
  };
  return JSON.stringify({
    ...plain,
    category_code: null,
    brand: null,
    price: '1.00',
    user_id: user,
    user_session: null,
    ...fields,
  });
}

/** An index in memory, to see what is handed to one. */
export class MemoryIndex implements Sink {
  readonly description = 'memory';
  readonly form = 'documents';
  readonly documents = new Map<string, string>();
  fields: readonly SinkField[] = [];
  shown: bigint | null = null;
  tableId: string | null = null;
  /** How many changes each call brought. */
  readonly calls: number[] = [];
  fail = false;

  async open(fields: readonly SinkField[], tableId: string | null) {
    if (this.tableId !== tableId) await this.wipe();
    this.tableId = tableId;
    this.fields = fields;
    return this.shown;
  }
  async apply(file: string) {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    const counts = { stored: 0, deleted: 0 };
    for (const line of lines) {
      const tab = line.indexOf('\t');
      const id = JSON.parse(line.slice(0, tab));
      const document = line.slice(tab + 1);
      if (document === '') this.documents.delete(id);
      else this.documents.set(id, document);
      counts[document === '' ? 'deleted' : 'stored'] += 1;
    }
    this.calls.push(lines.length);
    if (this.fail) throw new Error('the index is gone');
    return counts;
  }
  async finish(version: bigint) {
    this.shown = version;
  }
  async count() {
    return this.documents.size;
  }
  async *pages() {
    for (const [id, document] of this.documents) yield [`${JSON.stringify(id)}\t${document}`];
  }
  async forget() {
    await this.wipe();
  }
  async wipe() {
    this.documents.clear();
    this.shown = null;
    this.tableId = null;
  }
  async close() {}
}

/** Values as a batch that was read from `events/0`. */
export function batchOf(values: readonly Value[]) {
  return {
    stream: 'events',
    partition: 0,
    from: 0n,
    next: BigInt(values.length),
    offsets: values.map((_, i) => BigInt(i)),
    timestamps: values.map(() => Date.UTC(2021, 0, 1)),
    values: Slices.of(values.map((value) => (value === null ? null : Buffer.from(value as string)))),
  } as const;
}

/** Appends one chunk: events as [partition, value], dead letters as values. */
export async function append(
  log: EventLog,
  events: readonly (readonly [partition: number, value: string | Buffer])[],
  deadLetters: readonly (string | Buffer)[] = [],
): Promise<void> {
  await log.open();
  const writer = await log.writer();
  const record = (partition: number, value: string | Buffer): OutgoingRecord => ({
    partition,
    key: null,
    value: Buffer.from(value),
  });
  await writer.append(
    chunkOf(
      events.map(([partition, value]) => record(partition, value)),
      deadLetters.map((value) => record(0, value)),
    ),
  );
  await writer.close();
}

/** An event of {@link datasetOf}: on the given day of 2020, keyed `k`, with more fields in JSON. */
export function event(k: string, fields = '', month = 1): string {
  return `{"ts":"2020-${String(month).padStart(2, '0')}-15T00:00:00Z","k":"${k}"${fields === '' ? '' : `,${fields}`}}`;
}
