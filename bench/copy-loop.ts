/**
 * `copy-loop.ts <folder>`: what one writes to bring tables into PostgreSQL without this project: for each
 * file of the folder, named `<n>-<table>.tsv` and in COPY's text form, groups of lines are copied into a
 * temporary table and inserted ON CONFLICT. WAREHOUSE_URL names the database, which has the tables. Progress
 * is not recorded, and nothing is deleted.
 */
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

const GROUP_ROWS = 20_000;

const [folder = ''] = process.argv.slice(2);
const client = new Client({ connectionString: process.env.WAREHOUSE_URL });
await client.connect();
let rows = 0;
for (const file of readdirSync(folder).sort()) {
  const table = file.slice(2, -'.tsv'.length);
  await client.query(`CREATE TEMPORARY TABLE changes (LIKE ${table})`);
  let lines: string[] = [];
  const insert = async () => {
    await client.query('BEGIN');
    await pipeline(Readable.from([lines.join('')]), client.query(copyFrom('COPY changes FROM STDIN')));
    await client.query(`INSERT INTO ${table} SELECT * FROM changes ON CONFLICT DO NOTHING`);
    await client.query('TRUNCATE changes');
    await client.query('COMMIT');
    rows += lines.length;
    lines = [];
  };
  for await (const line of createInterface(createReadStream(join(folder, file)))) {
    lines.push(`${line}\n`);
    if (lines.length === GROUP_ROWS) await insert();
  }
  if (lines.length > 0) await insert();
  await client.query('DROP TABLE changes');
}
await client.end();
console.log(JSON.stringify({ rows }));
