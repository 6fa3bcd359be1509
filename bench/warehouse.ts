import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { thousands } from '../cli/output.ts';
import { locate, POSTGRES } from '../test/servers/test-servers.ts';
import { BENCH_FOLDER } from './data.ts';
import {
  alternate,
  bareEnvironment,
  type Environment,
  type Figures,
  type Measured,
  measure,
  measureEventlake,
  mustBe,
  ROOT,
} from './measure.ts';
import { type BenchOptions, type Group, type Pledge, ratio } from './report.ts';

const TABLES = ['dim_date', 'dim_product', 'dim_location', 'dim_user_agent', 'fact_sales'];
const MIGRATIONS = join(ROOT, 'config', 'datasets', 'product_views', 'migrations');
const DATABASE = 'eventlake_bench';

/** The lake's tables into PostgreSQL: against a loop of COPY and INSERT … ON CONFLICT on the same rows. */
export async function warehouse({ rows, runs }: BenchOptions): Promise<Group> {
  const server = (await locate(POSTGRES)).address;
  const home = await lakeOf(rows);
  const copies = join(home, 'copies');
  const url = server.replace(/\/[^/]*$/, `/${DATABASE}`);
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: home, WAREHOUSE_URL: url };
  let facts = 0;

  const process = (mode: string) => async () => {
    await fresh(server);
    const measured = await publish(environment, mode);
    facts = Number(measured.result.published.at(-1).stored);
    await copyOut(url, copies);
    return measured;
  };
  const again = async () => {
    const measured = await publish(environment, 'batch');
    mustBe('outcome of the second run', measured.result.publish.outcome, 'up_to_date');
    return measured;
  };
  const loop = async () => {
    await fresh(server);
    for (const file of (await readdir(MIGRATIONS)).sort())
      await ask(url, await readFile(join(MIGRATIONS, file), 'utf8'));
    const measured = await measure([join('bench', 'copy-loop.ts'), copies], environment);
    const [count] = await ask(url, 'SELECT count(*) AS n FROM fact_sales');
    mustBe('facts of the loop', count?.n, facts);
    return measured;
  };

  try {
    const [batch, second, partition, peer] = await alternate(
      [
        { name: 'eventlake process, batch', rows, run: process('batch') },
        { name: 'eventlake process, nothing new', rows: null, run: again },
        { name: 'eventlake process, partition', rows, run: process('partition') },
        { name: 'loop of COPY and ON CONFLICT', rows, run: loop },
      ],
      runs,
    );
    return {
      title: 'Warehouse: lake → PostgreSQL',
      text: `\`eventlake process product_views\` with a lake of ${thousands(rows)} messages that is up to date, into an empty database: ${thousands(facts)} facts and four dimensions, with
primary and foreign keys and indexes. The loop copies the same rows from files, 20,000 at a time, into a temporary table and inserts them
\`ON CONFLICT DO NOTHING\` into the same tables; it reads no lake, compares nothing and records nothing.`,
      figures: [batch, partition, peer, second],
      pledges: pledges(batch, peer, second),
    };
  } finally {
    await ask(server, `DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    await rm(copies, { recursive: true, force: true });
  }
}

function pledges(own: Figures, peer: Figures, second: Figures): Pledge[] {
  const times = ratio(own, peer);
  return [
    {
      promise: 'at most 1.3 times as long as the loop',
      measured: `${times.toFixed(2)} ×`,
      kept: times <= 1.3,
    },
    {
      promise: 'a second run with nothing new in less than 1.5 s',
      measured: `${second.seconds.toFixed(2)} s`,
      kept: second.seconds < 1.5,
    },
  ];
}

function publish(environment: Environment, mode: string): Promise<Measured> {
  return measureEventlake(['process', 'product_views', '--write-mode', mode], environment);
}

/** A home whose lake has so many messages and all tables of them, made once. */
async function lakeOf(rows: number): Promise<string> {
  const home = join(BENCH_FOLDER, `product_views-${rows}`);
  if (existsSync(join(home, 'done'))) return home;
  console.error(`  making a lake of ${rows} messages`);
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: home, WAREHOUSE_URL: undefined };
  const file = join(home, 'messages.ndjson');
  const size = ['--rows', String(rows), '--seed', '1', '--out', file];
  await measureEventlake(['generate', 'product_views', ...size], environment);
  await measureEventlake(['run', 'product_views', '--file', file], environment);
  await rm(file);
  await mkdir(join(home, 'done'));
  return home;
}

async function fresh(server: string): Promise<void> {
  await ask(server, `DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await ask(server, `CREATE DATABASE ${DATABASE}`);
}

/** The rows of all tables as files for the loop, in the order in which they are inserted. */
async function copyOut(url: string, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(folder);
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const [i, table] of TABLES.entries()) {
    const rows = client.query(copyTo(`COPY ${table} TO STDOUT`));
    await pipeline(rows, createWriteStream(join(folder, `${i}-${table}.tsv`)));
  }
  await client.end();
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}
