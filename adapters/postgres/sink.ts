import { stat } from 'node:fs/promises';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Sink, SinkCounts, SinkField, SinkGroup } from '../../core/sink.ts';
import { partsOf } from './changes-file.ts';
import { inTransaction, type OnStatement, type PostgresConnection } from './connection.ts';
import { explain, hasState, UNDEFINED_TABLE } from './errors.ts';
import type { NextVersion } from './finish.ts';
import { quoted } from './names.ts';
import { PublishedRecord } from './published.ts';
import { columnsOf, createTable, isEmpty, readTable } from './table.ts';
import { TableChanges, type Target } from './table-changes.ts';
import { type Turn, takeTurn } from './turn.ts';

/** A table of a dataset. */
export interface SinkOptions {
  /** The first does all that is not done in parts. */
  readonly connections: readonly [PostgresConnection, ...PostgresConnection[]];
  /** A part of a file of changes is no smaller than this. */
  readonly partBytes: number;
  readonly onStatement?: OnStatement | undefined;
  readonly group: SinkGroup;
  readonly dataset: string;
  readonly schema: string;
  readonly table: string;
  /** Unique among the sinks of the connection. */
  readonly number: number;
  readonly turn: Turn;
  /** Brings all tables to their newest form; called in a transaction. */
  migrate(client: Client): Promise<void>;
}

/**
 * A sink on PostgreSQL 13 or later: a table of the same name and columns. `apply` copies the changes into a
 * temporary table, or their parts into one on each connection; its group finishes them. No lock is held
 * between the calls.
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
  #target: Target | undefined;
  /** Into how many parts the changes may be divided, and those that were made of the first file. */
  #mostParts = 1;
  #parts: NextVersion['parts'] | undefined;

  constructor(options: SinkOptions) {
    const { connections, schema, table, group } = options;
    const [connection] = connections;
    this.#options = options;
    this.#connection = connection;
    this.group = group;
    this.#record = new PublishedRecord(options);
    this.#name = this.#record.table;
    this.description = `postgres ${connection.address}, table ${schema}.${table}`;
  }

  async open(fields: readonly SinkField[], tableId: string | null): Promise<bigint | null> {
    const { description } = this;
    const { migrate, number, onStatement, connections, turn } = this.#options;
    const { found, hasRows } = await this.#call((client) =>
      inTransaction(client, async () => {
        await takeTurn(client, turn);
        await migrate(client);
        const existing = await this.#record.readOwn(client, description);
        if (existing !== null) return { found: existing, hasRows: !(await isEmpty(client, this.#name)) };
        await client.query(createTable(this.#name, fields));
        return { found: await this.#record.add(client, columnsOf(fields)), hasRows: false };
      }),
    );
    this.#target = { description, record: this.#record, number, fields, tableId, found, onStatement };
    this.#parts = undefined;
    const { base } = new TableChanges(this.#connection, this.#target);
    // What is in none of all rows has vanished: only one that has them all can tell.
    this.#mostParts = base === null && hasRows ? 1 : connections.length;
    return base;
  }

  async apply(file: string, _version: bigint, onProgress?: (changes?: number) => void): Promise<SinkCounts> {
    const { fields } = this.#opened();
    this.#parts ??= await this.#divide(file);
    const files = await partsOf(file, fields, this.#parts.length);
    const sent = this.#parts.map(() => 0);
    const counts = await Promise.all(
      this.#parts.map((changes, i) => {
        const part = files[i];
        if (part) changes.add(part);
        return changes.connection.call(this.description, async (client) => {
          await changes.copy(client, (lines = sent[i] ?? 0) => {
            sent[i] = lines;
            onProgress?.(sent.reduce((sum, n) => sum + n, 0));
          });
          return changes.count(client);
        });
      }),
    );
    return {
      stored: counts.reduce((sum, { stored }) => sum + stored, 0),
      deleted: counts.reduce((sum, { deleted }) => sum + deleted, 0),
    };
  }

  finish(version: bigint): Promise<void> {
    return this.group.finish(new Map([[this, version]]));
  }

  /** What `apply` has collected since `open`. */
  get parts(): NextVersion['parts'] {
    return this.#parts ?? [new TableChanges(this.#connection, this.#opened())];
  }

  /** For changes of the size of this file. */
  async #divide(file: string): Promise<NextVersion['parts']> {
    const { size } = await stat(file);
    const { connections, partBytes } = this.#options;
    const parts = Math.min(this.#mostParts, Math.max(1, Math.ceil(size / partBytes)));
    const target = this.#opened();
    const [first, ...others] = connections;
    return [
      new TableChanges(first, target),
      ...others.slice(0, parts - 1).map((connection) => new TableChanges(connection, target)),
    ];
  }

  #opened(): Target {
    if (this.#target === undefined) throw new Error('The sink is used before open()');
    return this.#target;
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
    const rows = copyTo(`COPY (SELECT ${columns} FROM ${this.#name}) TO STDOUT`);
    try {
      await this.#call(async (client) => client.query(rows));
      rows.setEncoding('utf8');
      for await (const text of rows) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        if (lines.length > 0) yield lines;
      }
    } catch (error) {
      throw explain(error, this.description);
    } finally {
      endDeadline(rows);
    }
  }

  async forget(): Promise<void> {
    await this.#ifThere(false, (client) =>
      inTransaction(client, async () => {
        await takeTurn(client, this.#options.turn);
        return this.#record.forget(client);
      }),
    );
  }

  /** The table stays, empty: views and the rights of readers hang on it. */
  async wipe(): Promise<void> {
    await this.#ifThere(undefined, (client) =>
      inTransaction(client, async () => {
        await takeTurn(client, this.#options.turn);
        if ((await this.#record.forget(client)) && (await readTable(client, this.#name)) !== null)
          await client.query(`DELETE FROM ${this.#name}`);
      }),
    );
  }

  /** Closes the connections, which the other sinks of the group make again when they need them. */
  async close(): Promise<void> {
    await Promise.all(this.#options.connections.map((connection) => connection.close()));
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

/**
 * Ends the deadline of a statement that gives rows as a stream: `pg` sets it, and hears of the end only by a
 * callback, which such a stream never calls. Left alone it would keep the process from ending, and then fail
 * where nobody listens.
 */
function endDeadline(rows: object): void {
  if ('callback' in rows && typeof rows.callback === 'function') rows.callback();
}
