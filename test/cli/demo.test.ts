import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from './fixtures.ts';

let home: Home;
beforeAll(async () => {
  home = await Home.withData();
});
afterAll(() => rm(home.folder, { recursive: true }));

// Servers that the environment names are not asked: there are none at these addresses.
const SERVERS = { KAFKA_BROKERS: '127.0.0.1:1', ELASTICSEARCH_URL: 'http://127.0.0.1:1' };

test('demo runs the whole job on the user’s file, and shows what came of it', async () => {
  const { code, stdout } = await home.run(['demo'], SERVERS);
  expect(code).toBe(0);
  expect(stdout).toContain('7 rows → 6 events, 1 dead letter');
  expect(stdout).toContain('✔ balanced');
  expect(stdout).toMatch(/^ +total spent \(USD\) +31\.90$/m);
  expect(stdout).toMatch(/^ +user_id +segment +purchases +total_spent \(USD\)/m);
  expect(stdout).toContain('1 buyer spent 31.90 USD, which is 31.90 USD per buyer.');
  expect(stdout).toMatch(/^ {2}buyer +█+ +1 +33\.3 %$/m);
  expect(stdout).toMatch(/^ {2}1515915625519388267 {2}buyer +1 +31\.90 {2}asus +2020-10-31T12:00:01Z$/m);
  expect(stdout).toContain(`DeltaTable('${join(home.folder, 'home/lake/electronics/customer_profiles')}')`);
}, 60_000);

test('demo of a dataset with several tables says what became of each, and how to look at it', async () => {
  const file = join(home.folder, 'data', 'product_views.ndjson');
  const size = ['--rows', '200', '--seed', '3'];
  expect(await home.run(['generate', 'product_views', ...size, '--out', file])).toMatchObject({ code: 0 });
  // What make hands on of DATASET=product_views.
  const { code, stdout } = await home.run(['demo', 'product_views'], { DATASET: 'product_views' });
  expect(code).toBe(0);
  const tables = [...stdout.matchAll(/^model: +[\d,]+ rows? of (\w+), version 0$/gm)].map(
    ([, table]) => table,
  );
  expect(tables.filter((table) => /^(fact|dim)_/.test(table ?? ''))).toEqual([
    'fact_sales',
    'dim_date',
    'dim_product',
    'dim_location',
    'dim_user_agent',
  ]);
  for (const target of ['status', 'rejected', 'dashboard'])
    expect(stdout).toContain(`make ${target} DATASET=product_views`);
  expect(stdout.indexOf('top_countries')).toBeLessThan(stdout.indexOf('The lake is in'));
}, 60_000);

test('after a reset, demo of a dataset whose source is a topic takes another file', async () => {
  const file = join(home.folder, 'data', 'product_views.ndjson');
  await rm(file);
  const { stdout } = await home.run(['reset', 'product_views', '--yes']);
  expect(stdout).toContain('local log in ');
  const size = ['--rows', '30', '--seed', '4'];
  expect(await home.run(['generate', 'product_views', ...size, '--out', file])).toMatchObject({ code: 0 });
  const demo = await home.run(['demo', 'product_views', '--json']);
  expect(demo.code).toBe(0);
  expect(JSON.parse(demo.stdout)).toMatchObject({ audit: { balanced: true, file: { rows: 30 } } });
}, 60_000);

test('demo --json prints one JSON document', async () => {
  const { code, stdout } = await home.run(['demo', '--json'], SERVERS);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ingest: { outcome: expect.any(String) },
    process: { publish: null },
    audit: { balanced: true, index: null },
    seconds: expect.any(Number),
    segments: expect.arrayContaining([{ segment: 'buyer', n: 1 }]),
    top: [
      { user_id: '1515915625519388267', total_spent: '31.90', purchases: 1 },
      { user_id: '2', carts: 1 },
      { user_id: '3', views: 1 },
    ],
  });
}, 60_000);
