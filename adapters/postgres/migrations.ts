import type { Client } from 'pg';
import { EventlakeError } from '../../core/errors.ts';
import { quoted } from './names.ts';

/**
 * The tables by which eventlake keeps account of itself, in each schema that it publishes to. A migration
 * that was released is never changed.
 */
const MIGRATIONS: readonly { readonly name: string; readonly sql: (schema: string) => string }[] = [
  {
    name: 'published tables',
    sql: (schema) => `
CREATE TABLE ${schema}.eventlake_published (
  table_name text PRIMARY KEY,
  dataset text NOT NULL,
  columns jsonb NOT NULL,
  lake_table_id text,
  lake_version bigint,
  published_at timestamp with time zone
);
COMMENT ON TABLE ${schema}.eventlake_published IS 'Which version of which table of the lake each table here shows; written in the same transaction as its rows.';
COMMENT ON COLUMN ${schema}.eventlake_published.lake_version IS 'Null: nothing is shown, or every row is to be sent again.'`,
  },
  {
    name: 'migrations of datasets',
    sql: (schema) => `
CREATE TABLE ${schema}.eventlake_dataset_migrations (
  dataset text,
  number integer,
  name text NOT NULL,
  sha256 text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (dataset, number)
);
COMMENT ON TABLE ${schema}.eventlake_dataset_migrations IS 'Which migrations of the folders of datasets were applied here.'`,
  },
  {
    name: 'writes over several connections',
    sql: (schema) => `
ALTER TABLE ${schema}.eventlake_published ADD COLUMN writing text;
COMMENT ON COLUMN ${schema}.eventlake_published.writing IS 'The writer that is bringing the table to its next version over several connections; left by one that was interrupted, whose rows may be there in part.'`,
  },
];

/**
 * Brings the tables of this schema to the newest form, each migration once and in order; call it in a
 * transaction that holds {@link lockSchema}.
 * @throws `warehouse:refused` when a later version of eventlake has been here.
 */
export async function migrate(client: Client, schema: string): Promise<void> {
  const name = quoted(schema);
  const { rows: schemas } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (schemas.length === 0) await client.query(`CREATE SCHEMA ${name}`);
  const { rows: there } = await client.query<{ found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [`${name}.eventlake_migrations`],
  );
  if (!there[0]?.found) {
    await client.query(
      `CREATE TABLE ${name}.eventlake_migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamp with time zone NOT NULL DEFAULT now())`,
    );
  }
  const { rows } = await client.query<{ newest: number }>(
    `SELECT coalesce(max(number), 0) AS newest FROM ${name}.eventlake_migrations`,
  );
  const newest = rows[0]?.newest ?? 0;
  if (newest > MIGRATIONS.length) {
    throw new EventlakeError(
      'warehouse:refused',
      `Schema ${schema} was migrated to form ${newest}, and this eventlake knows ${MIGRATIONS.length}`,
      { hint: 'Use the later version of eventlake.' },
    );
  }
  for (const [at, migration] of MIGRATIONS.entries()) {
    if (at < newest) continue;
    await client.query(migration.sql(name));
    await client.query(`INSERT INTO ${name}.eventlake_migrations (number, name) VALUES ($1, $2)`, [
      at + 1,
      migration.name,
    ]);
  }
}

/** Lets one transaction at a time make or change tables in this schema. */
export async function lockSchema(client: Client, schema: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))', ['eventlake', schema]);
}
