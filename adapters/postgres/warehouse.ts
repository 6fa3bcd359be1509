import { type Client, type CustomTypesConfig, types } from 'pg';
import { EventlakeError } from '../../core/errors.ts';
import type { Row } from '../../core/row.ts';
import type { Answer, PublishedVersion, Warehouse } from '../../core/sink.ts';
import { type PostgresAddress, PostgresConnection } from './connection.ts';
import { hasState, UNDEFINED_TABLE } from './errors.ts';
import { list } from './names.ts';
import { PublishedRecord } from './published.ts';
import type { PublishedDataset } from './tables.ts';

/** How values are read, as {@link Row} has them: what is not listed stays the text that PostgreSQL writes. */
const PARSERS: Readonly<Record<number, (text: string) => Row[string]>> = {
  [types.builtins.INT8]: BigInt,
  [types.builtins.INT4]: Number,
  [types.builtins.INT2]: Number,
  [types.builtins.FLOAT8]: Number,
  [types.builtins.BOOL]: (text) => text === 't',
  // The session is in UTC: 2020-06-14 12:00:00+00
  [types.builtins.TIMESTAMPTZ]: (text) => text.replace(' ', 'T').replace(/\+00$/, 'Z'),
};
const asText = (text: string) => text;
const TYPES: CustomTypesConfig = { getTypeParser: (type: number) => PARSERS[type] ?? asText };

/** How long {@link PostgresWarehouse.versions} may take, in milliseconds. */
const LOOK = { connect: 5000, statement: 5000, lock: 5000, patience: 0 };

/** Queries on the tables of one dataset in PostgreSQL, which are looked for in the order of their schemas. */
export class PostgresWarehouse implements Warehouse {
  readonly description: string;
  readonly #connection: PostgresConnection;
  /** One of its own: a query may take long. */
  readonly #looks: PostgresConnection;
  readonly #published: PublishedDataset;
  #look: Promise<PublishedVersion[]> | null = null;

  constructor(options: PostgresAddress & PublishedDataset) {
    this.#connection = new PostgresConnection(options);
    this.#looks = new PostgresConnection({ ...options, deadlines: LOOK });
    this.#published = options;
    this.description = `postgres ${this.#connection.address}`;
  }

  query(sql: string): Promise<Answer> {
    const schemas = [...new Set(this.#published.tables.map(({ schema }) => schema))];
    return this.#connection.call(this.description, async (client) => {
      await client.query(`BEGIN READ ONLY; SET LOCAL search_path TO ${list(schemas)}`);
      try {
        const { fields, rows } = await client.query({ text: sql, types: TYPES });
        await client.query('COMMIT');
        return { columns: fields.map(({ name }) => name), rows };
      } catch (error) {
        if (!hasState(error, UNDEFINED_TABLE)) throw error;
        throw new EventlakeError('report:no_facts', `${this.description}: ${(error as Error).message}`, {
          hint: 'Publish the tables first: eventlake process',
        });
      }
    });
  }

  /** Those who ask at once share the answer. */
  versions(): Promise<PublishedVersion[]> {
    this.#look ??= this.#looks
      .call(this.description, (client) => this.#readVersions(client))
      .finally(() => {
        this.#look = null;
      });
    return this.#look;
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.close(), this.#looks.close()]);
  }

  async #readVersions(client: Client): Promise<PublishedVersion[]> {
    const { dataset, tables } = this.#published;
    const versions: PublishedVersion[] = [];
    for (const { schema, table } of tables) {
      const record = await new PublishedRecord({ schema, table, dataset }).read(client).catch((error) => {
        // Nothing has been published into this schema.
        if (hasState(error, UNDEFINED_TABLE)) return null;
        throw error;
      });
      const isComplete = record?.dataset === dataset && record.writing === null;
      const { tableId, version } = isComplete ? record : { tableId: null, version: null };
      versions.push({ table, tableId, version });
    }
    return versions;
  }
}
