import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { DATASETS } from '../../config/dataset/read.ts';
import { Home } from '../cli/fixtures.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';

jest.setTimeout(300_000);

/** Facts of 14 days. `WAREHOUSE_FACTS=2000000` lets the plans of the reports be looked at on so many. */
const FACTS = Number(process.env.WAREHOUSE_FACTS ?? 20_000);

/** In the order in which they are published. */
const TABLES = ['dim_date', 'dim_product', 'dim_location', 'dim_user_agent', 'fact_sales'];

let home: Home;
let reader: WarehouseReader;
let server: string;
let url: string;
const database = `test_${randomUUID().replaceAll('-', '')}`;

beforeAll(async () => {
  reader = await WarehouseReader.start();
  server = (await locate(POSTGRES)).address;
  await reader.rows(server, `CREATE DATABASE ${database}`);
  url = server.replace(/\/[^/]*$/, `/${database}`);
  home = await Home.create();
  await mkdir(join(home.folder, 'data'));
});
afterAll(async () => {
  await reader.rows(server, `DROP DATABASE ${database}`);
  await reader.stop();
  await rm(home.folder, { recursive: true });
});

const rows = (sql: string) => reader.rows(url, sql);
async function eventlake(command: string): Promise<string> {
  const { code, stdout, stderr } = await home.run(command.split(' '), { WAREHOUSE_URL: url });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const counts = async () =>
  Promise.all(TABLES.map(async (table) => (await rows(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n));

test('setup fills nothing while the topic that others write is not there', async () => {
  const settings = { WAREHOUSE_URL: url, KAFKA_BROKERS: process.env.EVENTLAKE_TEST_KAFKA ?? '' };
  const topic = { KAFKA_TOPIC: `absent-${database}` };
  const { code, stderr } = await home.run(['setup', 'product_views'], { ...settings, ...topic });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('[log:missing]') });
  expect(await rows("SELECT FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
});

test('setup fills what needs no event, and changes nothing when it is repeated', async () => {
  await writeFile(
    join(home.folder, 'data/product_views-products.csv'),
    'product_id,name,url,language_code\nset-up,Ring,https://shop.example/1,en\n',
  );
  const stdout = await eventlake('setup product_views');
  for (const table of TABLES) expect(stdout).toContain(`table public.${table}`);
  const written = `SELECT dim_date.xmin::text, * FROM dim_date JOIN eventlake_published ON table_name = 'dim_date' ORDER BY full_date`;
  const before = await rows(written);
  expect(await counts()).toEqual([7670, 1, 0, 0, 0]);
  expect(before[0]).toMatchObject({ full_date: '2010-01-01', day_of_week: 5, week_of_year: 53 });
  expect(JSON.parse(await eventlake('setup product_views --json')).filled).toEqual([
    { table: 'products', rows: 1 },
    { table: 'dim_date', rows: 7670 },
    { table: 'dim_product', rows: 1 },
  ]);
  expect(await rows(written)).toEqual(before);
});

test('setup has made the tables with their keys, comments and indexes', async () => {
  const constraints = await rows(`
SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS is FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ '^eventlake_' ORDER BY 1, 2`);
  expect(constraints.map(({ table, is }) => `${table}: ${is}`)).toEqual([
    'dim_date: PRIMARY KEY (full_date)',
    'dim_location: PRIMARY KEY (ip_key)',
    'dim_product: PRIMARY KEY (product_key)',
    'dim_user_agent: PRIMARY KEY (user_agent_key)',
    'fact_sales: FOREIGN KEY (full_date) REFERENCES dim_date(full_date)',
    'fact_sales: FOREIGN KEY (ip_key) REFERENCES dim_location(ip_key)',
    'fact_sales: FOREIGN KEY (product_key) REFERENCES dim_product(product_key)',
    'fact_sales: FOREIGN KEY (user_agent_key) REFERENCES dim_user_agent(user_agent_key)',
    'fact_sales: PRIMARY KEY (sales_key)',
  ]);
  const columns = await rows(`
SELECT attrelid::regclass::text AS table, attname AS name FROM pg_attribute
WHERE attrelid = ANY ('{${TABLES.join(',')}}'::regclass[]) AND attnum > 0 AND col_description(attrelid, attnum) IS NULL`);
  expect(columns).toEqual([]);
  expect(await rows("SELECT FROM pg_indexes WHERE indexname = 'fact_sales_full_date_idx'")).toHaveLength(1);
});

test('a product that becomes known is filled in, and no fact is written again', async () => {
  const views = join(home.folder, 'data/product_views.ndjson');
  await eventlake(`generate product_views --rows 1500 --seed 5 --dirty 0.05 --out ${views}`);
  expect(await eventlake('run product_views')).toContain('balanced');
  const [product] = await rows('SELECT product_key FROM fact_sales WHERE product_key IS NOT NULL LIMIT 1');
  const id = String(product?.product_key);
  const facts = 'SELECT sales_key, xmin::text FROM fact_sales ORDER BY sales_key';
  const before = await rows(facts);
  expect(before.length).toBeGreaterThan(1300);
  const { warehouse, index } = JSON.parse(await eventlake('status product_views --json'));
  expect(index).toBeNull();
  expect(warehouse.map(({ table }: { table: string }) => table)).toEqual(TABLES);
  // Version 0 is that of setup.
  expect(warehouse[4]).toEqual({ table: 'fact_sales', rows: before.length, version: '1', newest: '1' });
  expect(await eventlake('status product_views')).toMatch(/fact_sales +\S+ +1 +1\n/);
  await writeFile(
    join(home.folder, 'data/product_views-productsz.csv'),
    `product_id,name,url,language_code\n${id},"Ring ""Ü""\twith tab",https://shop.example/${id},de\n`,
  );
  await eventlake('process product_views');
  expect(await rows(`SELECT name, language_code FROM dim_product WHERE product_key = '${id}'`)).toEqual([
    { name: 'Ring "Ü"\twith tab', language_code: 'de' },
  ]);
  expect(await rows(facts)).toEqual(before);
});

test('tables that were filled before there were migrations keep their rows', async () => {
  const [before] = await rows('SELECT count(*)::int AS n, max(xmin::text) AS newest FROM fact_sales');
  // As the version before left them: tables with their primary keys alone, and one form of its own tables.
  await rows(`
ALTER TABLE fact_sales DROP CONSTRAINT fact_sales_full_date_fkey, DROP CONSTRAINT fact_sales_ip_key_fkey,
  DROP CONSTRAINT fact_sales_product_key_fkey, DROP CONSTRAINT fact_sales_user_agent_key_fkey;
DROP INDEX fact_sales_full_date_idx, fact_sales_ip_key_idx, fact_sales_product_key_idx, fact_sales_user_agent_key_idx;
DROP TABLE eventlake_dataset_migrations;
ALTER TABLE eventlake_published DROP COLUMN writing;
DELETE FROM eventlake_migrations WHERE number > 1`);
  await eventlake('process product_views');
  expect(await rows('SELECT count(*)::int AS n, max(xmin::text) AS newest FROM fact_sales')).toEqual([
    before,
  ]);
  const keys =
    "SELECT FROM pg_constraint WHERE conrelid = 'fact_sales'::regclass AND contype = 'f' AND convalidated";
  expect(await rows(keys)).toHaveLength(4);
  expect(await rows("SELECT FROM pg_indexes WHERE tablename = 'fact_sales'")).toHaveLength(5);
});

test('reset empties them in an order that the foreign keys allow, and the next run fills them again', async () => {
  const before = await counts();
  await eventlake('reset product_views --yes');
  expect(await counts()).toEqual([0, 0, 0, 0, 0]);
  await eventlake('run product_views');
  expect(await counts()).toEqual(before);
  expect(await eventlake('audit product_views')).toContain('balanced');
});

test('each report reads the facts of its day by the index, in a table that was filled at once', async () => {
  await eventlake('reset product_views --yes');
  const views = join(home.folder, 'many.ndjson');
  await eventlake(`generate product_views --rows ${FACTS} --seed 6 --out ${views}`);
  // A run may publish more than one version.
  await eventlake(`ingest product_views --file ${views}`);
  await eventlake('process product_views');
  // With two million facts in another order, the planner reads all of them for one day of 14.
  const [order] = await rows(
    "SELECT correlation::float8 AS is FROM pg_stats WHERE tablename = 'fact_sales' AND attname = 'full_date'",
  );
  expect(order?.is).toBeGreaterThan(0.95);
  const folder = join(DATASETS, 'product_views', 'reports');
  const reports = await readdir(folder);
  expect(reports).toHaveLength(6);
  for (const report of reports) {
    const sql = (await readFile(join(folder, report), 'utf8')).replaceAll('$date', "DATE '2020-06-09'");
    const plan = JSON.stringify(await rows(`EXPLAIN (FORMAT JSON) ${sql}`));
    expect({ report, plan }).toMatchObject({ plan: expect.stringContaining('fact_sales_full_date_idx') });
    expect({ report, plan }).toMatchObject({ plan: expect.not.stringMatching(/Seq Scan[^}]*fact_sales"/) });
  }
});
