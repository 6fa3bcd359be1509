import type { Client } from 'pg';
import type { SinkCounts, SinkField } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { type ChangesFile, copyFile } from './changes-file.ts';
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
  isReferenced,
  readTable,
} from './table.ts';

/** What a table's changes are collected for. */
interface Target {
  /** For people. */
  readonly description: string;
  readonly record: PublishedRecord;
  /** Unique among the tables of one session. */
  readonly number: number;
  readonly fields: readonly SinkField[];
  readonly tableId: string | null;
  /** What `open` found. */
  readonly found: Published;
}

const NO_CHANGES: SinkCounts = { stored: 0, deleted: 0 };

/**
 * The changes that lead one table to its next version: files, and a temporary table into which they are copied, which nobody else sees. A
 * connection that breaks costs copying the files again. `lock` to `recordVersion` are the steps of a transaction.
 */
export class TableChanges {
  readonly description: string;
  readonly #record: PublishedRecord;
  readonly #fields: readonly SinkField[];
  readonly #columns: readonly Column[];
  readonly #tableId: string | null;
  readonly #changes: string;
  #found: Published;
  #files: ChangesFile[] = [];
  /** The session whose temporary table holds the files, or so many of them. */
  #copied: { readonly client: Client; files: number } | null = null;
  #counted = NO_CHANGES;
  #isEmpty = false;

  constructor({ description, record, number, fields, tableId, found }: Target) {
    this.description = description;
    this.#record = record;
    this.#fields = fields;
    this.#columns = columnsOf(fields);
    this.#tableId = tableId;
    this.#changes = `pg_temp.${quoted(`eventlake_changes_${number}`)}`;
    this.#found = found;
  }

  /** The version that the changes build on; null when they are all rows. */
  get base(): bigint | null {
    const { tableId, columns, version } = this.#found;
    return tableId === this.#tableId && areSame(columns, this.#columns) ? version : null;
  }

  /** Adds a file, which must stay until the version is finished. */
  add(file: string): void {
    this.#files.push({ file, fields: this.#fields });
  }

  /** Copies the files of changes that this session does not hold yet. */
  async copy(client: Client, onProgress?: () => void): Promise<void> {
    if (this.#copied?.client !== client) {
      await client.query(`DROP TABLE IF EXISTS ${this.#changes}`);
      await client.query(createChanges(this.#changes, this.#columns));
      this.#copied = { client, files: 0 };
    }
    for (const file of this.#files.slice(this.#copied.files)) {
      await copyFile(client, this.#changes, file, this.description, onProgress);
      this.#copied.files += 1;
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
   * Locks the table's row in `eventlake_published`, and brings the table to its columns. False: it shows this version or a later one already.
   * @throws `warehouse:superseded`, `warehouse:altered`
   */
  async lock(client: Client, version: bigint): Promise<boolean> {
    const shown = await this.#record.read(client, 'FOR UPDATE');
    if (shown?.tableId === this.#tableId && shown.version !== null && shown.version >= version) return false;
    if (!isUnchanged(this.#found, shown)) {
      throw new EventlakeError(
        'warehouse:superseded',
        `${this.description}: another writer has published since this one looked`,
        { hint: 'Run this again.', retriable: false },
      );
    }
    const { table } = this.#record;
    const difference = differenceOf(await readTable(client, table), this.#found.columns);
    if (difference !== null) throw altered(this.description, difference);
    for (const statement of alterTable(table, this.#found.columns, this.#columns))
      await client.query(statement);
    const { rows } = await client.query(`SELECT FROM ${table} LIMIT 1`);
    this.#isEmpty = rows.length === 0;
    if (!this.#isEmpty) await client.query(analyzeChanges(this.#changes, this.#columns));
    return true;
  }

  /** Whether rows of other tables refer to rows of this one, which can then be deleted after those only. */
  isReferenced(client: Client): Promise<boolean> {
    return isReferenced(client, this.#record.table);
  }

  /** Inserts and updates. */
  async store(client: Client): Promise<void> {
    const { table } = this.#record;
    await client.query((this.#isEmpty ? fill : store)(table, this.#changes, this.#columns));
    // The planner would take a table that was just filled for an empty one, and read all of it for every report.
    if (this.#isEmpty) await client.query(`ANALYZE ${table}`);
  }

  /** Deletes. */
  async remove(client: Client): Promise<void> {
    if (this.#isEmpty) return;
    const { table } = this.#record;
    await client.query(remove(table, this.#changes, this.#columns, this.base === null));
  }

  /** Records in the transaction of the changes that the table shows this version. */
  async recordVersion(client: Client, version: bigint): Promise<void> {
    await this.#record.write(client, { columns: this.#columns, tableId: this.#tableId, version });
  }

  /** Lets go of the changes of a version that is finished: what follows builds on it. */
  async finished(client: Client, version: bigint): Promise<void> {
    await client.query(`DROP TABLE ${this.#changes}`);
    this.#found = { ...this.#found, columns: this.#columns, tableId: this.#tableId, version };
    this.#files = [];
    this.#copied = null;
    this.#counted = NO_CHANGES;
  }
}
