import type { Client } from 'pg';
import { EventlakeError } from '../../core/errors.ts';
import type { SinkCounts, SinkField } from '../../core/sink.ts';
import { type ChangesFile, copyFile } from './changes-file.ts';
import { type OnStatement, type PostgresConnection, run } from './connection.ts';
import { altered } from './errors.ts';
import { analyzeChanges, countChanges, createChanges, fill, remove, store } from './merge.ts';
import { quoted } from './names.ts';
import { isUnchanged, type Published, type PublishedRecord } from './published.ts';
import {
  alterTable,
  areSame,
  type Column,
  columnsOf,
  differenceOf,
  isEmpty,
  isReferenced,
  orderOf,
  readTable,
} from './table.ts';

/** What a table's changes are collected for. */
export interface Target {
  /** For people. */
  readonly description: string;
  readonly record: PublishedRecord;
  /** Unique among the tables of one session. */
  readonly number: number;
  readonly fields: readonly SinkField[];
  readonly tableId: string | null;
  /** What `open` found. */
  readonly found: Published;
  readonly onStatement?: OnStatement | undefined;
}

const SORT_MEMORY = '64MB';
const NO_CHANGES: SinkCounts = { stored: 0, deleted: 0 };

/**
 * The changes that lead one table to its next version, or those of one part of its rows: files, and a
 * temporary table into which they are copied, which nobody else sees. A connection that breaks costs copying
 * the files again. `lock` to `recordVersion` are the steps of a transaction.
 */
export class TableChanges {
  readonly description: string;
  readonly connection: PostgresConnection;
  readonly #onStatement: OnStatement | undefined;
  readonly #record: PublishedRecord;
  readonly #columns: readonly Column[];
  readonly #tableId: string | null;
  readonly #changes: string;
  #found: Published;
  #files: ChangesFile[] = [];
  /** The session whose temporary table holds the files, or so many of them. */
  #copied: { readonly client: Client; files: number; isAnalyzed: boolean } | null = null;
  #counted = NO_CHANGES;
  #isEmpty = false;

  constructor(connection: PostgresConnection, target: Target) {
    const { description, record, number, fields, tableId, found, onStatement } = target;
    this.connection = connection;
    this.description = description;
    this.#onStatement = onStatement;
    this.#record = record;
    this.#columns = columnsOf(fields);
    this.#tableId = tableId;
    this.#changes = `pg_temp.${quoted(`eventlake_changes_${number}`)}`;
    this.#found = found;
  }

  /** The version that the changes build on; null when they are all rows. */
  get base(): bigint | null {
    const { tableId, columns, version, writing } = this.#found;
    const isSame = tableId === this.#tableId && areSame(columns, this.#columns);
    return isSame && writing === null ? version : null;
  }

  /** Adds a file, which must stay until the version is finished. */
  add(file: ChangesFile): void {
    this.#files.push(file);
  }

  /**
   * Copies the files of changes that this session does not hold yet; told of the changes of the newest file
   * that are sent.
   */
  async copy(client: Client, onProgress?: (changes?: number) => void): Promise<void> {
    if (this.#copied?.client !== client) {
      await client.query(`DROP TABLE IF EXISTS ${this.#changes}`);
      await client.query(createChanges(this.#changes, this.#columns));
      this.#copied = { client, files: 0, isAnalyzed: false };
    }
    for (const file of this.#files.slice(this.#copied.files)) {
      const isNewest = file === this.#files.at(-1);
      await copyFile(client, this.#changes, file, this.description, (sent) =>
        onProgress?.(isNewest ? sent : undefined),
      );
      this.#copied.files += 1;
      this.#copied.isAnalyzed = false;
    }
  }

  /** How many changes were copied since this was called last. */
  async count(client: Client): Promise<SinkCounts> {
    const before = this.#counted;
    const { rows } = await client.query<Record<keyof SinkCounts, string>>(countChanges(this.#changes));
    this.#counted = { stored: Number(rows[0]?.stored), deleted: Number(rows[0]?.deleted) };
    return {
      stored: this.#counted.stored - before.stored,
      deleted: this.#counted.deleted - before.deleted,
    };
  }

  /**
   * Locks the table's row in `eventlake_published`, and brings the table to its columns. False: it shows this
   * version or a later one already.
   * @param writer Who has claimed the table in a try before
   * @throws `warehouse:superseded`, `warehouse:altered`
   */
  async lock(client: Client, version: bigint, writer: string | null = null): Promise<boolean> {
    const shown = await this.#record.read(client, 'FOR UPDATE');
    if (shown?.tableId === this.#tableId && shown.version !== null && shown.version >= version) return false;
    if (!isUnchanged(this.#found, shown, writer)) throw this.#superseded();
    const { table } = this.#record;
    const difference = differenceOf(await readTable(client, table), this.#found.columns);
    if (difference !== null) throw altered(this.description, difference);
    for (const statement of alterTable(table, this.#found.columns, this.#columns))
      await run(client, statement, this.#onStatement);
    this.#isEmpty = await isEmpty(client, table);
    return true;
  }

  /**
   * Changes in several parts cannot say what has vanished: they are those of a table without rows, or
   * differences from a version.
   * @throws `warehouse:superseded` where another writer has filled the table since
   */
  requireEmptyOrBase(): void {
    if (!this.#isEmpty && this.base === null) throw this.#superseded();
  }

  /** Takes the table for this writer, which then writes in several transactions. */
  claim(client: Client, writer: string): Promise<void> {
    return this.#record.claim(client, writer);
  }

  /**
   * Keeps others from taking the table until the transaction ends.
   * @throws `warehouse:superseded` where one has
   */
  async hold(client: Client, writer: string): Promise<void> {
    const shown = await this.#record.read(client, 'FOR SHARE');
    if (shown?.writing !== writer) throw this.#superseded();
  }

  /** Whether the table shows this version of the lake's table. */
  async shows(client: Client, version: bigint): Promise<boolean> {
    const shown = await this.#record.read(client, 'FOR UPDATE');
    return shown?.tableId === this.#tableId && shown.version === version && shown.writing === null;
  }

  /** Whether rows of other tables refer to rows of this one, which can then be deleted after those only. */
  isReferenced(client: Client): Promise<boolean> {
    return isReferenced(client, this.#record.table);
  }

  /** Whether the table had no row when it was locked. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Inserts all changes into a table without rows. */
  async fill(client: Client): Promise<void> {
    const order = await this.#orderOf(client);
    await this.#run(client, fill(this.#record.table, this.#changes, this.#columns, order));
  }

  /** Inserts and updates. */
  async store(client: Client): Promise<void> {
    await this.#analyze(client);
    const order = await this.#orderOf(client);
    await this.#run(client, store(this.#record.table, this.#changes, this.#columns, order));
  }

  /** Deletes. */
  async remove(client: Client): Promise<void> {
    await this.#analyze(client);
    const isAll = this.base === null;
    await this.#run(client, remove(this.#record.table, this.#changes, this.#columns, isAll));
  }

  /**
   * Counts the table's rows for the planner, which would take one that was just filled for an empty one, and
   * read all of it for every report.
   */
  async analyze(client: Client): Promise<void> {
    await this.#run(client, `ANALYZE ${this.#record.table}`);
  }

  /** Records in the transaction of the changes that the table shows this version. */
  async recordVersion(client: Client, version: bigint): Promise<void> {
    await this.#record.write(client, { columns: this.#columns, tableId: this.#tableId, version });
  }

  /** Lets go of the changes of a version that is finished: what follows builds on it. */
  async finished(client: Client, version: bigint): Promise<void> {
    await client.query(`DROP TABLE IF EXISTS ${this.#changes}`);
    this.#found = { ...this.#found, columns: this.#columns, tableId: this.#tableId, version };
    this.#files = [];
    this.#copied = null;
    this.#counted = NO_CHANGES;
  }

  /** Rows that are stored in the order of an index are found by it in few pages. A sort needs some memory. */
  async #orderOf(client: Client): Promise<string[]> {
    const mine = new Set(this.#columns.map(({ name }) => name));
    const order = (await orderOf(client, this.#record.table)).filter((name) => mine.has(name));
    if (order.length > 0) await client.query(`SET LOCAL work_mem = '${SORT_MEMORY}'`);
    return order;
  }

  #superseded(): EventlakeError {
    return new EventlakeError(
      'warehouse:superseded',
      `${this.description}: another writer has published since this one looked`,
      { hint: 'Run this again.', retriable: false },
    );
  }

  /** Lets the planner know what the temporary table holds, once that is complete. */
  async #analyze(client: Client): Promise<void> {
    if (this.#copied === null || this.#copied.isAnalyzed) return;
    await this.#run(client, analyzeChanges(this.#changes, this.#columns));
    this.#copied.isAnalyzed = true;
  }

  #run(client: Client, sql: string): Promise<void> {
    return run(client, sql, this.#onStatement);
  }
}
