import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Sink, SinkCounts, SinkField } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { type ChangesFile, copyFile } from './changes-file.ts';
import { inTransaction, type PostgresAddress, PostgresConnection } from './connection.ts';
import { altered, explain, hasState, UNDEFINED_TABLE } from './errors.ts';
import { CHANGES, COUNT_CHANGES, createChanges, fill, merge } from './merge.ts';
import { lockSchema, migrate } from './migrations.ts';
import { quoted } from './names.ts';
import { isUnchanged, type Published, PublishedRecord } from './published.ts';
import {
  alterTable,
  areSame,
  type Column,
  columnsOf,
  createTable,
  differenceOf,
  readTable,
} from './table.ts';

/** What a sink was opened for, and what it then found. */
interface Opened {
  readonly fields: readonly SinkField[];
  readonly columns: readonly Column[];
  readonly tableId: string | null;
  found: Published;
}

const NO_CHANGES: SinkCounts = { stored: 0, deleted: 0 };

/**
 * A sink on PostgreSQL 13 or later: a table of the same name and columns.
 *
 * `apply` copies the changes into a temporary table, which nobody else sees. `finish` is one transaction: it locks the table's row in
 * `eventlake_published`, continues only if that is still what `open` found, changes the table where it differs, and records the version. So
 * readers see one version or the next, of two writers one is refused, and no lock is held between the calls. A connection that breaks costs
 * copying the files again: they are there until `finish`.
 */
export class PostgresSink implements Sink {
  readonly description: string;
  readonly form = 'rows';
  readonly #connection: PostgresConnection;
  readonly #dataset: string;
  readonly #schema: string;
  /** As an SQL identifier. */
  readonly #name: string;
  readonly #record: PublishedRecord;
  #opened: Opened | undefined;
  /** The changes since `open` or the last `finish`, and the session whose temporary table holds them, or so many of them. */
  #files: ChangesFile[] = [];
  #copied: { readonly client: Client; files: number } | null = null;
  #counted = NO_CHANGES;

  constructor(
    options: PostgresAddress & { readonly schema: string; readonly table: string; readonly dataset: string },
  ) {
    this.#connection = new PostgresConnection(options);
    this.#dataset = options.dataset;
    this.#schema = options.schema;
    this.#name = `${quoted(options.schema)}.${quoted(options.table)}`;
    this.#record = new PublishedRecord(options);
    this.description = `postgres ${this.#connection.address}, table ${options.schema}.${options.table}`;
  }

  async open(fields: readonly SinkField[], tableId: string | null): Promise<bigint | null> {
    const columns = columnsOf(fields);
    const found = await this.#call((client) =>
      inTransaction(client, async () => {
        await lockSchema(client, this.#schema);
        await migrate(client, this.#schema);
        const existing = await this.#existing(client);
        if (existing !== null) return existing;
        await client.query(createTable(this.#name, fields));
        return this.#record.add(client, columns);
      }),
    );
    this.#opened = { fields, columns, tableId, found };
    this.#discard();
    return this.#base();
  }

  async apply(file: string, _version: bigint, onProgress?: () => void): Promise<SinkCounts> {
    const { fields } = this.#open();
    this.#files.push({ file, fields });
    const before = this.#counted;
    this.#counted = await this.#call(async (client) => {
      await this.#copy(client, onProgress);
      const { rows } = await client.query<Record<keyof SinkCounts, string>>(COUNT_CHANGES);
      return { stored: Number(rows[0]?.stored), deleted: Number(rows[0]?.deleted) };
    });
    return {
      stored: this.#counted.stored - before.stored,
      deleted: this.#counted.deleted - before.deleted,
    };
  }

  async finish(version: bigint): Promise<void> {
    const opened = this.#open();
    await this.#call(async (client) => {
      await this.#copy(client);
      await inTransaction(client, () => this.#publish(client, version));
      await client.query(`DROP TABLE ${CHANGES}`);
    });
    opened.found = { ...opened.found, columns: opened.columns, tableId: opened.tableId, version };
    this.#discard();
  }

  async count(): Promise<number> {
    return this.#ifThere(0, async (client) => {
      const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${this.#name}`);
      return Number(rows[0]?.n);
    });
  }

  async *pages(fields: readonly SinkField[]): AsyncGenerator<readonly string[]> {
    const columns = ["'f'", ...fields.map(({ name }) => quoted(name))].join(', ');
    const isThere = await this.#ifThere(false, async (client) => {
      await client.query(`SELECT FROM ${this.#name} LIMIT 0`);
      return true;
    });
    if (!isThere) return;
    let rest = '';
    try {
      const rows = await this.#call(async (client) =>
        client.query(copyTo(`COPY (SELECT ${columns} FROM ${this.#name}) TO STDOUT`)),
      );
      rows.setEncoding('utf8');
      for await (const text of rows) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        if (lines.length > 0) yield lines;
      }
    } catch (error) {
      throw explain(error, this.description);
    }
  }

  async forget(): Promise<void> {
    await this.#ifThere(false, (client) => this.#record.forget(client));
  }

  /** The table stays, empty: views and the rights of readers hang on it. */
  async wipe(): Promise<void> {
    await this.#ifThere(undefined, (client) =>
      inTransaction(client, async () => {
        if ((await this.#record.forget(client)) && (await readTable(client, this.#name)) !== null)
          await client.query(`DELETE FROM ${this.#name}`);
      }),
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #call<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.#connection.call(this.description, work);
  }

  /** What `work` answers, or `missing` where a table that it needs was never made. */
  #ifThere<T>(missing: T, work: (client: Client) => Promise<T>): Promise<T> {
    return this.#call((client) =>
      work(client).catch(async (error) => {
        if (!hasState(error, UNDEFINED_TABLE)) throw error;
        await client.query('ROLLBACK');
        return missing;
      }),
    );
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new Error('The sink is used before open()');
    return this.#opened;
  }

  /** The version that the changes to come build on; null when they are all rows. */
  #base(): bigint | null {
    const { columns, tableId, found } = this.#open();
    return found.tableId === tableId && areSame(found.columns, columns) ? found.version : null;
  }

  /** What is recorded of the table, which must be as it was made; null when there is neither record nor table. */
  async #existing(client: Client): Promise<Published | null> {
    const record = await this.#record.read(client);
    const table = await readTable(client, this.#name);
    if (record === null) {
      if (table === null) return null;
      throw new EventlakeError(
        'warehouse:name_taken',
        `${this.description}: there is such a table, which eventlake did not make`,
        {
          hint: 'Rename or drop that table, or give another schema in the dataset file.',
        },
      );
    }
    if (record.dataset !== this.#dataset) {
      throw new EventlakeError(
        'warehouse:name_taken',
        `${this.description}: it shows a table of the dataset ${record.dataset}`,
        {
          hint: 'Give another schema in the dataset file of one of them.',
        },
      );
    }
    const difference = differenceOf(table, record.columns);
    if (difference !== null) throw altered(this.description, difference);
    return record;
  }

  #discard(): void {
    this.#files = [];
    this.#copied = null;
    this.#counted = NO_CHANGES;
  }

  /** Copies the files of changes that this session does not hold yet. */
  async #copy(client: Client, onProgress?: () => void): Promise<void> {
    if (this.#copied?.client !== client) {
      await client.query(`DROP TABLE IF EXISTS ${CHANGES}`);
      await client.query(createChanges(this.#open().columns));
      this.#copied = { client, files: 0 };
    }
    for (const file of this.#files.slice(this.#copied.files)) {
      await copyFile(client, file, this.description, onProgress);
      this.#copied.files += 1;
    }
  }

  async #publish(client: Client, version: bigint): Promise<void> {
    const { columns, tableId, found } = this.#open();
    const shown = await this.#record.read(client, 'FOR UPDATE');
    if (shown?.tableId === tableId && shown.version !== null && shown.version >= version) return;
    if (!isUnchanged(found, shown)) {
      throw new EventlakeError(
        'warehouse:superseded',
        `${this.description}: another writer has published since this one looked`,
        {
          hint: 'Run this again.',
          retriable: false,
        },
      );
    }
    const difference = differenceOf(await readTable(client, this.#name), found.columns);
    if (difference !== null) throw altered(this.description, difference);
    for (const statement of alterTable(this.#name, found.columns, columns)) await client.query(statement);
    const { rows } = await client.query(`SELECT FROM ${this.#name} LIMIT 1`);
    const statements =
      rows.length === 0 ? fill(this.#name, columns) : merge(this.#name, columns, this.#base() === null);
    for (const statement of statements) await client.query(statement);
    await this.#record.write(client, { columns, tableId, version });
  }
}
