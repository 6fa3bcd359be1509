/**
 * `raw-duckdb.ts <csv> <folder>`: the least that can be done for the same profiles. One DuckDB,
 * CSV → Parquet → the same models → Parquet: no log, no checks of values, no commits, no audit. It reads all
 * columns as text and casts them, which is faster than letting the CSV reader find times.
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
SET threads = 2;
COPY (
  SELECT try_strptime(event_time, '%Y-%m-%d %H:%M:%S UTC') AS event_time, event_type, CAST(product_id AS BIGINT) AS product_id,
    CAST(category_id AS BIGINT) AS category_id, category_code, brand, CAST(price AS DECIMAL(12, 2)) AS price,
    CAST(user_id AS BIGINT) AS user_id, user_session
  FROM read_csv(${literal(csv)}, header = true, all_varchar = true)
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
