import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type Json } from '@duckdb/node-api';
import type { TableField } from '../../core/data-files.ts';
import type { SqlSession } from '../../core/engine.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { Row } from '../../core/row.ts';
import { parquet, tableRelation } from './relations.ts';

/** How a DuckDB session is limited. */
export interface DuckDbOptions {
  /** Folder for what is spilled; a folder of its own is made in it and removed at close. */
  readonly temporary: string;
  readonly memoryMb: number;
  readonly threads: number;
}

/** {@link SqlSession} on DuckDB in process. Timestamps are UTC. */
export class DuckDbSession implements SqlSession {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #spill: string;
  readonly #memoryMb: number;
  readonly #threads: number;
  /**
   * The statement before; the next waits for it, and not in one of the few threads that files are read by.
   */
  #previous: Promise<unknown> = Promise.resolve();

  readonly #isOwner: boolean;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    spill: string,
    { memoryMb, threads }: Pick<DuckDbOptions, 'memoryMb' | 'threads'>,
    isOwner: boolean,
  ) {
    this.#instance = instance;
    this.#connection = connection;
    this.#spill = spill;
    this.#memoryMb = memoryMb;
    this.#threads = threads;
    this.#isOwner = isOwner;
  }

  static async open({ temporary, memoryMb, threads }: DuckDbOptions): Promise<DuckDbSession> {
    const spill = join(temporary, `duckdb-${process.pid}-${crypto.randomUUID()}`);
    await mkdir(spill, { recursive: true });
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${memoryMb}MB`,
      threads: String(threads),
      temp_directory: spill,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // Files are local, and the system caches them. DuckDB's own cache would keep the bytes of each file
      // that was ever read, also of those that are deleted, up to the limit.
      enable_external_file_cache: 'false',
    });
    const connection = await sessionOn(instance);
    // Freed memory goes back to the system soon, and wholly after each statement, instead of adding up from
    // query to query.
    await connection.run(
      "SET allocator_flush_threshold = '1MB'; SET allocator_bulk_deallocation_flush_threshold = '16MB';",
    );
    return new DuckDbSession(instance, connection, spill, { memoryMb, threads }, true);
  }

  /**
   * Another session within the same ceiling: its statements run beside those of this one. It is closed first.
   */
  async beside(): Promise<DuckDbSession> {
    const limits = { memoryMb: this.#memoryMb, threads: this.#threads };
    return new DuckDbSession(this.#instance, await sessionOn(this.#instance), this.#spill, limits, false);
  }

  async run(sql: string): Promise<void> {
    await this.#inTurn(() => this.#connection.run(sql));
  }

  async rows(sql: string): Promise<Row[]> {
    const reader = await this.#inTurn(() => this.#connection.runAndReadAll(sql));
    const types = reader.columnTypes().map((type) => type.toString());
    const names = reader.columnNames();
    return reader
      .getRowsJson()
      .map((values) =>
        Object.fromEntries(names.map((name, i) => [name, plain(values[i] ?? null, types[i] ?? '')])),
      );
  }

  parquet(paths: readonly string[]): string {
    return parquet(paths);
  }

  table(fields: readonly TableField[], paths: readonly string[]): string {
    return tableRelation(fields, paths);
  }

  #inTurn<T>(statement: () => Promise<T>): Promise<T> {
    const turn = this.#previous.then(() => this.#withRoom(statement));
    // DuckDB gives back all that is free when it is told a limit, be it the same. To do so at each larger
    // allocation costs far more. The next statement waits for it, who asked for this one does not.
    this.#previous = turn
      .then(() => this.#connection.run(`SET memory_limit = '${this.#memoryMb}MB'`))
      .catch(() => {});
    return turn;
  }

  /**
   * Not all memory can be spilled: DuckDB holds 2,048 rows at a time in each thread, and rows of 100 kB are
   * more than the ceiling. Such a statement is run again by one thread with a ceiling four times as high.
   */
  async #withRoom<T>(statement: () => Promise<T>): Promise<T> {
    try {
      return await statement();
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      await this.#connection.run(`SET memory_limit = '${4 * this.#memoryMb}MB'; SET threads = 1`);
      try {
        return await statement();
      } catch (cause) {
        if (!isOutOfMemory(cause)) throw cause;
        throw new EventlakeError(
          'sql:out_of_memory',
          `DuckDB needs more than ${4 * this.#memoryMb} MB for one statement: ${(cause as Error).message.split('\n')[0]}`,
          { cause },
        );
      } finally {
        await this.#connection.run(
          `SET memory_limit = '${this.#memoryMb}MB'; SET threads = ${this.#threads}`,
        );
      }
    }
  }

  async close(): Promise<void> {
    await this.#previous;
    this.#connection.closeSync();
    if (!this.#isOwner) return;
    this.#instance.closeSync();
    await rm(this.#spill, { recursive: true, force: true });
  }
}

async function sessionOn(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect();
  await connection.run("SET timezone = 'UTC'; SET preserve_insertion_order = false;");
  return connection;
}

function isOutOfMemory(error: unknown): boolean {
  return (error as Error).message.startsWith('Out of Memory Error');
}

function plain(value: Json, type: string): Row[string] {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value !== 'string') return JSON.stringify(value);
  if (['BIGINT', 'HUGEINT', 'UBIGINT'].includes(type)) return BigInt(value);
  // DuckDB writes `2020-09-24 11:57:06+00`.
  return type === 'TIMESTAMP WITH TIME ZONE' ? `${value.slice(0, -3).replace(' ', 'T')}Z` : value;
}
