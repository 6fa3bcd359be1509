import type { Client } from 'pg';
import { EventlakeError } from '../../core/errors.ts';
import { altered } from './errors.ts';
import { quoted } from './names.ts';
import { areSame, type Column, differenceOf, readTable } from './table.ts';

/**
 * What is recorded of a published table: the columns that it was made with, and the version of which table of
 * the lake it shows.
 */
export interface Published {
  readonly dataset: string;
  readonly columns: readonly Column[];
  readonly tableId: string | null;
  readonly version: bigint | null;
  /**
   * Who is writing, or was interrupted while writing, over several connections; null: the rows are those of
   * the version.
   */
  readonly writing: string | null;
}

/** Whether nothing was published or forgotten between the two, and nobody writes but `writer`. */
export function isUnchanged(before: Published, after: Published | null, writer: string | null): boolean {
  return (
    after !== null &&
    (after.writing === before.writing || after.writing === writer) &&
    before.tableId === after.tableId &&
    before.version === after.version &&
    areSame(before.columns, after.columns)
  );
}

/** The row of a table in `eventlake_published` of its schema. */
export class PublishedRecord {
  /** The table, as an SQL identifier. */
  readonly table: string;
  readonly #relation: string;
  /** The table and its dataset: a row of another dataset is read, and never written. */
  readonly #mine: readonly [table: string, dataset: string];

  constructor({ schema, table, dataset }: { schema: string; table: string; dataset: string }) {
    this.table = `${quoted(schema)}.${quoted(table)}`;
    this.#relation = `${quoted(schema)}.eventlake_published`;
    this.#mine = [table, dataset];
  }

  /** The row, locked until the transaction ends where `lock` says so; null when there is none. */
  async read(client: Client, lock: '' | 'FOR UPDATE' | 'FOR SHARE' = ''): Promise<Published | null> {
    const { rows } = await client.query(
      `SELECT dataset, columns, lake_table_id, lake_version, writing FROM ${this.#relation} WHERE table_name = $1 ${lock}`,
      [this.#mine[0]],
    );
    const [row] = rows;
    if (row === undefined) return null;
    const version = row.lake_version === null ? null : BigInt(row.lake_version);
    const { dataset, columns, lake_table_id: tableId, writing } = row;
    return { dataset, columns, tableId, version, writing };
  }

  /**
   * The row of a table that is this dataset's, and as it was made; null when there is neither row nor table.
   * @throws `warehouse:name_taken` or `warehouse:altered`, whose messages begin with `description`
   */
  async readOwn(client: Client, description: string): Promise<Published | null> {
    const [name, dataset] = this.#mine;
    const record = await this.read(client);
    const table = await readTable(client, this.table);
    if (record === null) {
      if (table === null) return null;
      throw new EventlakeError(
        'warehouse:name_taken',
        `${description}: there is a table ${name}, which eventlake did not make`,
        { hint: 'Rename or drop that table, or give another schema in the dataset file.' },
      );
    }
    if (record.dataset !== dataset) {
      throw new EventlakeError(
        'warehouse:name_taken',
        `${description}: ${name} shows a table of the dataset ${record.dataset}`,
        { hint: 'Give another schema in the dataset file of one of them.' },
      );
    }
    const difference = differenceOf(table, record.columns);
    if (difference !== null) throw altered(description, difference);
    return record;
  }

  /** Adds the row of a table that shows nothing yet. */
  async add(client: Client, columns: readonly Column[]): Promise<Published> {
    await client.query(`INSERT INTO ${this.#relation} (table_name, dataset, columns) VALUES ($1, $2, $3)`, [
      ...this.#mine,
      JSON.stringify(columns),
    ]);
    return { dataset: this.#mine[1], columns, tableId: null, version: null, writing: null };
  }

  /** Says who writes the next version, before its first rows are there. */
  async claim(client: Client, writer: string): Promise<void> {
    await this.#update(client, 'writing = $3', writer);
  }

  /** Records the version that the table shows. */
  async write(
    client: Client,
    { columns, tableId, version }: Omit<Published, 'dataset' | 'writing'>,
  ): Promise<void> {
    await this.#update(
      client,
      'columns = $3, lake_table_id = $4, lake_version = $5, published_at = now(), writing = NULL',
      JSON.stringify(columns),
      tableId,
      String(version),
    );
  }

  /** Forgets which version the table shows: true where the row is this dataset's. */
  forget(client: Client): Promise<boolean> {
    return this.#update(client, 'lake_table_id = NULL, lake_version = NULL');
  }

  async #update(client: Client, set: string, ...values: readonly (string | null)[]): Promise<boolean> {
    const { rowCount } = await client.query(
      `UPDATE ${this.#relation} SET ${set} WHERE table_name = $1 AND dataset = $2`,
      [...this.#mine, ...values],
    );
    return rowCount === 1;
  }
}
