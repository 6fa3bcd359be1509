import { type CustomTypesConfig, types } from 'pg';
import type { Answer, Warehouse } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { Row } from '../../core/row.ts';
import { type PostgresAddress, PostgresConnection } from './connection.ts';
import { hasState, UNDEFINED_TABLE } from './errors.ts';
import { list } from './names.ts';

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

/** Queries on PostgreSQL. `schemas` are those in which tables are looked for, in order. */
export class PostgresWarehouse implements Warehouse {
  readonly description: string;
  readonly #connection: PostgresConnection;
  readonly #schemas: readonly string[];

  constructor({ schemas, ...address }: PostgresAddress & { readonly schemas: readonly string[] }) {
    this.#connection = new PostgresConnection(address);
    this.#schemas = schemas;
    this.description = `postgres ${this.#connection.address}`;
  }

  query(sql: string): Promise<Answer> {
    return this.#connection.call(this.description, async (client) => {
      await client.query(`BEGIN READ ONLY; SET LOCAL search_path TO ${list(this.#schemas)}`);
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

  close(): Promise<void> {
    return this.#connection.close();
  }
}
