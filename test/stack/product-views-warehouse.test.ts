import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Home } from '../cli/fixtures.ts';
import { readLake } from '../oracle/read-lake.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';

jest.setTimeout(300_000);

/** The tables and their keys. */
const KEYS = {
  dim_date: 'full_date',
  dim_product: 'product_key',
  dim_location: 'ip_key',
  dim_user_agent: 'user_agent_key',
  fact_sales: 'sales_key',
};

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

/** How many rows each table has in PostgreSQL, once every cell there is as delta-rs reads it in the lake. */
async function compared(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [table, key] of Object.entries(KEYS)) {
    const out = join(home.folder, `${table}.json`);
    await readLake(
      `
rows = DeltaTable(request["table"]).to_pyarrow_table().to_pylist()
with open(request["out"], "w") as out:
    json.dump(sorted(rows, key=lambda row: str(row[request["key"]])), out, default=str)
print("true")`,
      { table: join(home.folder, 'home/lake/product_views', table), key, out },
    );
    const inLake = JSON.parse(await readFile(out, 'utf8'));
    const text = table === 'fact_sales' ? `, "option"::text AS "option"` : '';
    const order = `ORDER BY ${key}::text COLLATE "C"`;
    const inWarehouse = await rows(`SELECT *${text} FROM ${table} ${order}`);
    expect({ table, rows: inWarehouse }).toEqual({ table, rows: inLake });
    counts[table] = inWarehouse.length;
  }
  return counts;
}

test('setup fills what needs no event, and changes nothing when it is repeated', async () => {
  await writeFile(
    join(home.folder, 'data/product_views-products.csv'),
    'product_id,name,url,language_code\nset-up,Ring,https://shop.example/1,en\n',
  );
  await eventlake('setup product_views');
  const written = `SELECT dim_date.xmin::text, * FROM dim_date JOIN eventlake_published ON table_name = 'dim_date' ORDER BY full_date`;
  const before = await rows(written);
  const counts = { dim_date: 7670, dim_product: 1, dim_location: 0, dim_user_agent: 0, fact_sales: 0 };
  expect(await compared()).toEqual(counts);
  expect(before[0]).toMatchObject({ full_date: '2010-01-01', day_of_week: 5, week_of_year: 53 });
  expect(JSON.parse(await eventlake('setup product_views --json')).filled).toEqual([
    { table: 'products', rows: 1 },
    { table: 'dim_date', rows: 7670 },
    { table: 'dim_product', rows: 1 },
  ]);
  expect(await rows(written)).toEqual(before);
});

test('the star schema in PostgreSQL is that of the lake, cell by cell, and each key of a fact has its member', async () => {
  const views = join(home.folder, 'data/product_views.ndjson');
  await eventlake(`generate product_views --rows 1500 --seed 5 --dirty 0.05 --out ${views}`);
  const stdout = await eventlake('run product_views');
  expect(stdout).toContain('balanced');
  const counts = await compared();
  expect(counts.fact_sales).toBeGreaterThan(1300);
  expect(counts.dim_date).toBeGreaterThanOrEqual(7670);
  const [missing] = await rows(`
SELECT count(*)::int AS facts FROM fact_sales f
LEFT JOIN dim_date USING (full_date) LEFT JOIN dim_product p USING (product_key)
LEFT JOIN dim_location l USING (ip_key) LEFT JOIN dim_user_agent u USING (user_agent_key)
WHERE dim_date.full_date IS NULL OR (f.product_key IS NOT NULL AND p.product_key IS NULL)
  OR (f.ip_key IS NOT NULL AND l.ip_key IS NULL) OR (f.user_agent_key IS NOT NULL AND u.user_agent_key IS NULL)`);
  expect(missing).toEqual({ facts: 0 });
});

test('a product that becomes known is filled in, and no fact is written again', async () => {
  const [product] = await rows('SELECT product_key FROM fact_sales WHERE product_key IS NOT NULL LIMIT 1');
  const id = String(product?.product_key);
  const facts = 'SELECT sales_key, xmin::text FROM fact_sales ORDER BY sales_key';
  const before = await rows(facts);
  await writeFile(
    join(home.folder, 'data/product_views-productsz.csv'),
    `product_id,name,url,language_code\n${id},"Ring ""Ü""\twith tab",https://shop.example/${id},de\n`,
  );
  await eventlake('process product_views');
  expect(await rows(`SELECT name, language_code FROM dim_product WHERE product_key = '${id}'`)).toEqual([
    { name: 'Ring "Ü"\twith tab', language_code: 'de' },
  ]);
  expect(await rows(facts)).toEqual(before);
  await compared();
});

test('messages that come again or late change what they should', async () => {
  const [before] = await rows('SELECT count(*)::int AS facts FROM fact_sales');
  const late = { id: 'late', time_stamp: 1_262_304_000, product_id: 'p-late', user_agent: 'curl/7.68.0' };
  const messages = [late, late, { ...late, time_stamp: 1_262_304_000 - 86_400 }];
  await appendFile(
    join(home.folder, 'data/product_views.ndjson'),
    `${messages.map((message) => `\n${JSON.stringify(message)}`).join('')}\n`,
  );
  await eventlake('run product_views');
  const after = await compared();
  expect(after.fact_sales).toBe(Number(before?.facts) + 1);
  expect(await rows("SELECT full_date::text FROM fact_sales WHERE product_key = 'p-late'")).toEqual([
    { full_date: '2009-12-31' },
  ]);
  expect(await rows("SELECT day_of_week_short FROM dim_date WHERE full_date = '2009-12-31'")).toHaveLength(1);
  expect(await eventlake('audit product_views')).toContain('balanced');
});
