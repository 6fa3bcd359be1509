import type { Client } from 'pg';
import type { Sink, SinkGroup } from '../../core/sink.ts';
import { type OnStatement, type PostgresAddress, PostgresConnection } from './connection.ts';
import { type DatasetMigration, migrateDataset } from './dataset-migrations.ts';
import { finishTogether, type NextVersion } from './finish.ts';
import { finishInParts } from './finish-in-parts.ts';
import { lockSchema, migrate } from './migrations.ts';
import { PostgresSink } from './sink.ts';
import type { Turn } from './turn.ts';

/** In `partition` mode, how many connections write, and what is not worth one more of them. */
const PARTITIONS = 4;
const PART_BYTES = 4e6;

/**
 * Which tables of a dataset are published, in that order, the migrations that make them, and how they are
 * written.
 */
export interface PublishedDataset {
  readonly dataset: string;
  readonly tables: readonly { readonly schema: string; readonly table: string }[];
  readonly migrations?: readonly DatasetMigration[];
  /** `batch`: all tables in one transaction. `partition`: large changes over several connections. */
  readonly writeMode?: 'batch' | 'partition';
  readonly partBytes?: number;
  readonly onStatement?: OnStatement;
}

/** The tables of one dataset in PostgreSQL: a sink for each, which are finished together. */
export class PostgresTables implements SinkGroup {
  /** In the order of the tables. */
  readonly sinks: readonly PostgresSink[];
  readonly #connection: PostgresConnection;
  readonly #dataset: PublishedDataset;
  readonly #turn: Turn;

  constructor(options: PostgresAddress & PublishedDataset) {
    const { dataset, tables, writeMode = 'batch', partBytes = PART_BYTES, onStatement } = options;
    const connection = new PostgresConnection(options);
    const others =
      writeMode === 'batch'
        ? []
        : Array.from({ length: PARTITIONS - 1 }, () => new PostgresConnection(options));
    this.#connection = connection;
    this.#dataset = options;
    this.#turn = { dataset, schema: tables[0]?.schema ?? '' };
    const shared = {
      ...{ dataset, partBytes, onStatement, group: this, turn: this.#turn },
      connections: [connection, ...others] as const,
      migrate: (client: Client) => this.#migrate(client),
    };
    this.sinks = tables.map((table, number) => new PostgresSink({ ...shared, ...table, number }));
  }

  /** In one transaction, unless there is a table with so many changes that they are in parts. */
  finish(versions: ReadonlyMap<Sink, bigint>): Promise<void> {
    const tables: NextVersion[] = this.sinks.flatMap((sink) => {
      const version = versions.get(sink);
      return version === undefined ? [] : [{ parts: sink.parts, version }];
    });
    const { dataset, onStatement } = this.#dataset;
    const [one, another] = versions.keys();
    const isAlone = one !== undefined && another === undefined;
    const description = isAlone
      ? one.description
      : `postgres ${this.#connection.address}, dataset ${dataset}`;
    const finish = tables.some(({ parts }) => parts.length > 1) ? finishInParts : finishTogether;
    return finish(this.#connection, { description, tables, turn: this.#turn, onStatement });
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
