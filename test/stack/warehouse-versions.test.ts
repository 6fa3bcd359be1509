import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { setLogLevel } from '../../cli/output.ts';
import { processContext } from '../../cli/process-context.ts';
import { openSession, type Session } from '../../cli/session.ts';
import { archive } from '../../processing/archive.ts';
import { computeModels } from '../../processing/models.ts';
import { publishTables } from '../../processing/publications.ts';
import { Home } from '../cli/fixtures.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';

jest.setTimeout(300_000);

const environment = { ...process.env };
const database = `test_${randomUUID().replaceAll('-', '')}`;
let home: Home;
let reader: WarehouseReader;
let server: string;
let url: string;
const sessions: Session[] = [];

beforeAll(async () => {
  reader = await WarehouseReader.start();
  server = (await locate(POSTGRES)).address;
  await reader.rows(server, `CREATE DATABASE ${database}`);
  url = server.replace(/\/[^/]*$/, `/${database}`);
  home = await Home.create();
  await mkdir(join(home.folder, 'data'));
  Object.assign(process.env, { EVENTLAKE_HOME: join(home.folder, 'home'), WAREHOUSE_URL: url });
  setLogLevel('error');
});
afterAll(async () => {
  process.env = environment;
  for (const session of sessions) await session.close();
  await reader.rows(server, `DROP DATABASE ${database}`);
  await reader.stop();
  await rm(home.folder, { recursive: true });
});

/** Messages whose address, user agent and product no other message has. */
async function ingest(from: number, to: number): Promise<void> {
  const messages = Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    const of = { ip: `10.0.0.${n}`, user_agent: `Agent/${n}`, product_id: `${n}`, collection: 'view' };
    return JSON.stringify({ id: `m${n}`, time_stamp: 1_591_000_000 + n, ...of });
  });
  const file = join(home.folder, `${from}.ndjson`);
  await writeFile(file, `${messages.join('\n')}\n`);
  const { code, stderr } = await home.run(['ingest', 'product_views', '--file', file]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

/** A worker that has archived what is in the log. */
async function worker() {
  const session = await openSession('product_views', {}, 'write');
  sessions.push(session);
  const context = await processContext(session);
  await archive(context.archive, { ends: session.log.ranges() });
  return context;
}

/** The facts, and those without a member in one of the dimensions. */
async function facts(): Promise<unknown> {
  const [row] = await reader.rows(
    url,
    `SELECT count(*)::int AS facts, count(*) FILTER (WHERE date.full_date IS NULL OR location.ip_key IS NULL
  OR agent.user_agent_key IS NULL OR product.product_key IS NULL)::int AS without
FROM fact_sales AS fact
LEFT JOIN dim_date AS date ON date.full_date = fact.full_date
LEFT JOIN dim_location AS location ON location.ip_key = fact.ip_key
LEFT JOIN dim_user_agent AS agent ON agent.user_agent_key = fact.user_agent_key
LEFT JOIN dim_product AS product ON product.product_key = fact.product_key`,
  );
  return row;
}

test('facts are published with their dimensions, though another worker has made newer facts and no dimensions yet', async () => {
  await ingest(0, 20);
  const first = await worker();
  const { versions } = await computeModels(first);
  await ingest(20, 30);
  const second = await worker();
  const [newer] = (await computeModels({ ...second, models: second.models.slice(0, 1) })).outcomes;
  expect(newer).toMatchObject({ table: 'fact_sales', outcome: 'computed', rows: 30n });
  await publishTables(first, versions);
  expect(await facts()).toEqual({ facts: 20, without: 0 });
});

test('a worker that made facts before another one has published newer ones takes nothing away', async () => {
  await ingest(30, 40);
  const first = await worker();
  // Its facts are those of 40 messages; the dimensions that it makes then are those of 50.
  await computeModels({ ...first, models: first.models.slice(0, 1) });
  await ingest(40, 50);
  const second = await worker();
  const newer = await computeModels(second);
  const { versions } = await computeModels(first);
  await Promise.all([publishTables(first, versions), publishTables(second, newer.versions)]);
  expect(await facts()).toEqual({ facts: 50, without: 0 });
});

test('of two commands that process at once, each ends well and all is published', async () => {
  await ingest(50, 60);
  const settings = { WAREHOUSE_URL: url };
  const process = ['process', 'product_views'];
  for (const { code, stderr } of await home.runAll([process, process], settings))
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(await facts()).toEqual({ facts: 60, without: 0 });
  expect((await home.run(['audit', 'product_views'], settings)).stdout).toContain('balanced');
});
