import type { Client } from 'pg';
import type { Sink, SinkGroup } from '../../core/contracts.ts';
import { type PostgresAddress, PostgresConnection } from './connection.ts';
import { type DatasetMigration, migrateDataset } from './dataset-migrations.ts';
import { finishTogether, type NextVersion } from './finish.ts';
import { lockSchema, migrate } from './migrations.ts';
import { PostgresSink } from './sink.ts';

/** Which tables of a dataset are published, in that order, and the migrations that make them. */
export interface PublishedDataset {
  readonly dataset: string;
  readonly tables: readonly { readonly schema: string; readonly table: string }[];
  readonly migrations?: readonly DatasetMigration[];
}

/** The tables of one dataset in PostgreSQL, over one connection: a sink for each, which are finished together. */
export class PostgresTables implements SinkGroup {
  /** In the order of the tables. */
  readonly sinks: readonly PostgresSink[];
  readonly #connection: PostgresConnection;
  readonly #dataset: PublishedDataset;

  constructor(options: PostgresAddress & PublishedDataset) {
    const { dataset, tables } = options;
    const connection = new PostgresConnection(options);
    this.#connection = connection;
    this.#dataset = options;
    const shared = { connection, dataset, group: this, migrate: (client: Client) => this.#migrate(client) };
    this.sinks = tables.map((table, number) => new PostgresSink({ ...shared, ...table, number }));
  }

  finish(versions: ReadonlyMap<Sink, bigint>): Promise<void> {
    const next: NextVersion[] = this.sinks.flatMap((sink) => {
      const version = versions.get(sink);
      return version === undefined ? [] : [{ changes: sink.changes, version }];
    });
    const { address } = this.#connection;
    return finishTogether(this.#connection, `postgres ${address}, dataset ${this.#dataset.dataset}`, next);
  }

  async #migrate(client: Client): Promise<void> {
    const { tables, migrations = [] } = this.#dataset;
    for (const schema of new Set(tables.map((table) => table.schema).sort())) {
      await lockSchema(client, schema);
      await migrate(client, schema);
    }
    const server = `postgres ${this.#connection.address}`;
    await migrateDataset(client, { ...this.#dataset, migrations, server });
  }
}
