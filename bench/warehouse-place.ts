import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { BENCH_FOLDER } from './data.ts';
import { bareEnvironment, type Environment, type Measured, measureEventlake } from './measure.ts';

/** The database of the measurements, on a server that is there for tests and measurements. */
const DATABASE = 'eventlake_bench';

/** Its address on the server with this one. */
export function urlOn(server: string): string {
  return server.replace(/\/[^/]*$/, `/${DATABASE}`);
}

/** Makes it, empty. */
export async function fresh(server: string): Promise<void> {
  await drop(server);
  await ask(server, `CREATE DATABASE ${DATABASE}`);
}

/** Removes it. */
export async function drop(server: string): Promise<void> {
  await ask(server, `DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
}

/** What one statement gives. */
export async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

/** A home whose lake has so many messages and all tables of them, made once. */
export async function lakeOf(rows: number): Promise<string> {
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

/** Processes what is new, and publishes it. */
export function publish(environment: Environment, mode: string): Promise<Measured> {
  return measureEventlake(['process', 'product_views', '--write-mode', mode], environment);
}
