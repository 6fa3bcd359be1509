/**
 * `raw-duckdb.ts <csv> <folder>`: the least that can be done for the same profiles. One DuckDB with its own
 * defaults, CSV → Parquet → the same models → Parquet: no log, no checks of values, no commits, no audit.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { literal } from '../core/sql.ts';

const [csv = '', folder = ''] = process.argv.slice(2);
const events = literal(join(folder, 'events.parquet'));
const profiles = literal(join(folder, 'profiles.parquet'));
const FOLDER = join(import.meta.dirname, '../config/datasets/electronics');
const [totalsModel, profilesModel] = await Promise.all(
  ['customer_totals.sql', 'customer_profiles.sql'].map((name) => readFile(join(FOLDER, name), 'utf8')),
);

const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run(`
SET timezone = 'UTC';
COPY (
  FROM read_csv(${literal(csv)}, header = true, columns = {
    event_time: 'TIMESTAMPTZ', event_type: 'VARCHAR', product_id: 'BIGINT', category_id: 'BIGINT', category_code: 'VARCHAR',
    brand: 'VARCHAR', price: 'DECIMAL(12, 2)', user_id: 'BIGINT', user_session: 'VARCHAR'
  })
) TO ${events} (FORMAT parquet, COMPRESSION zstd);
CREATE MACRO unix_timestamp(t) AS CAST(floor(epoch(t)) AS BIGINT);
CREATE VIEW events AS FROM ${events};
CREATE VIEW dataset AS SELECT max(event_time) AS last_event FROM events;
CREATE VIEW customer_totals AS ${totalsModel};
COPY (${profilesModel}) TO ${profiles} (FORMAT parquet, COMPRESSION zstd);
`);
const found = await connection.runAndReadAll(`
SELECT (SELECT count(*) FROM ${events}), count(*), sum(events), sum(total_spent) FROM ${profiles}`);
const [rows, users, distinct, spent] = found.getRowsJson()[0] ?? [];
console.log(JSON.stringify({ events: rows, profiles: users, distinct, spent }));
