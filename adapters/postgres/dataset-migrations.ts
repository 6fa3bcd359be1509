import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { EventlakeError } from '../../core/errors.ts';
import { explain } from './errors.ts';
import { list, quoted } from './names.ts';
import { PublishedRecord } from './published.ts';
import { readTable } from './table.ts';

/** SQL that brings a dataset's tables from one form to the next. Tables are named without their schema. */
export interface DatasetMigration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** A dataset's tables, in the order in which they are published, and their migrations. */
export interface DatasetTables {
  readonly dataset: string;
  readonly tables: readonly { readonly schema: string; readonly table: string }[];
  readonly migrations: readonly DatasetMigration[];
  /** The server, for people. */
  readonly server: string;
}

/**
 * Applies the migrations that were not applied yet, in order, in the first of the tables' schemas; those of
 * the other tables are searched after it. Tables that they make are recorded as the dataset's, showing
 * nothing yet. Call it in a transaction, after the schemas' own migrations.
 * @throws `warehouse:migration_changed` where an applied one is not as it was
 * @throws `warehouse:refused` when a later version of the dataset has been here
 * @throws `warehouse:name_taken` where a table of such a name is not the dataset's
 */
export async function migrateDataset(client: Client, dataset: DatasetTables): Promise<void> {
  const [schema] = dataset.tables.map((table) => table.schema);
  if (schema === undefined || dataset.migrations.length === 0) return;
  const pending = await pendingOf(client, schema, dataset);
  if (pending.length === 0) return;
  const records = dataset.tables.map((table) => new PublishedRecord({ ...table, dataset: dataset.dataset }));
  for (const record of records) await record.readOwn(client, dataset.server);
  const schemas = [...new Set(dataset.tables.map((table) => table.schema))];
  await client.query(`SET LOCAL search_path TO ${list(schemas)}`);
  for (const { number, name, sql } of pending) {
    try {
      await client.query(sql);
    } catch (error) {
      throw explain(error, `${dataset.server}, migration ${name} of ${dataset.dataset}`);
    }
    await client.query(
      `INSERT INTO ${quoted(schema)}.eventlake_dataset_migrations (dataset, number, name, sha256) VALUES ($1, $2, $3, $4)`,
      [dataset.dataset, number, name, digestOf(sql)],
    );
  }
  await client.query('SET LOCAL search_path TO DEFAULT');
  for (const record of records) {
    const made = await readTable(client, record.table);
    if (made && !(await record.read(client))) await record.add(client, made.columns);
  }
}

async function pendingOf(
  client: Client,
  schema: string,
  { dataset, migrations, server }: DatasetTables,
): Promise<readonly DatasetMigration[]> {
  const { rows: applied } = await client.query<{ number: number; name: string; sha256: string }>(
    `SELECT number, name, sha256 FROM ${quoted(schema)}.eventlake_dataset_migrations WHERE dataset = $1 ORDER BY number`,
    [dataset],
  );
  for (const { number, name, sha256 } of applied) {
    const migration = migrations[number - 1];
    if (!migration) {
      throw new EventlakeError(
        'warehouse:refused',
        `${server} has the migration ${name} of ${dataset}, which its folder lacks`,
        { hint: 'Use the later version of the dataset.' },
      );
    }
    if (digestOf(migration.sql) !== sha256) {
      throw new EventlakeError(
        'warehouse:migration_changed',
        `The migration ${migration.name} of ${dataset} is not what was applied to ${server}`,
        { hint: 'Undo the change, and write what is new into a file with the next number.' },
      );
    }
  }
  return migrations.slice(applied.length);
}

function digestOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}
