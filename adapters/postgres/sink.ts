import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Sink, SinkCounts, SinkField, SinkGroup } from '../../core/contracts.ts';
import { inTransaction, type PostgresConnection } from './connection.ts';
import { explain, hasState, UNDEFINED_TABLE } from './errors.ts';
import { finishTogether } from './finish.ts';
import { quoted } from './names.ts';
import { PublishedRecord } from './published.ts';
import { columnsOf, createTable, readTable } from './table.ts';
import { TableChanges } from './table-changes.ts';

/** A table of a dataset. */
export interface SinkOptions {
  readonly connection: PostgresConnection;
  readonly group: SinkGroup;
  readonly dataset: string;
  readonly schema: string;
  readonly table: string;
  /** Unique among the sinks of the connection. */
  readonly number: number;
  /** Brings all tables to their newest form; called in a transaction. */
  migrate(client: Client): Promise<void>;
}

/**
 * A sink on PostgreSQL 13 or later: a table of the same name and columns. `apply` copies the changes into a temporary table, and `finish` is one
 * transaction ({@link finishTogether}). No lock is held between the calls.
 */
export class PostgresSink implements Sink {
  readonly description: string;
  readonly form = 'rows';
  readonly group: SinkGroup;
  readonly #options: SinkOptions;
  readonly #connection: PostgresConnection;
  /** As an SQL identifier. */
  readonly #name: string;
  readonly #record: PublishedRecord;
  #changes: TableChanges | undefined;

  constructor(options: SinkOptions) {
    const { connection, schema, table, group } = options;
    this.#options = options;
    this.#connection = connection;
    this.group = group;
    this.#record = new PublishedRecord(options);
    this.#name = this.#record.table;
    this.description = `postgres ${connection.address}, table ${schema}.${table}`;
  }

  async open(fields: readonly SinkField[], tableId: string | null): Promise<bigint | null> {
    const { description } = this;
    const { migrate, number } = this.#options;
    const found = await this.#call((client) =>
      inTransaction(client, async () => {
        await migrate(client);
        const existing = await this.#record.readOwn(client, description);
        if (existing !== null) return existing;
        await client.query(createTable(this.#name, fields));
        return this.#record.add(client, columnsOf(fields));
      }),
    );
    this.#changes = new TableChanges({ description, record: this.#record, number, fields, tableId, found });
    return this.#changes.base;
  }

  apply(file: string, _version: bigint, onProgress?: () => void): Promise<SinkCounts> {
    const { changes } = this;
    changes.add(file);
    return this.#call(async (client) => {
      await changes.copy(client, onProgress);
      return changes.count(client);
    });
  }

  finish(version: bigint): Promise<void> {
    return finishTogether(this.#connection, this.description, [{ changes: this.changes, version }]);
  }

  /** What `apply` has collected since `open`. */
  get changes(): TableChanges {
    if (this.#changes === undefined) throw new Error('The sink is used before open()');
    return this.#changes;
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

  /** Closes the connection, which the other sinks of the group make again when they need it. */
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
}
