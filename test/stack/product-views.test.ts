import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Random } from '../../generator/random.ts';
import { Home } from '../cli/fixtures.ts';
import { killUntilDone } from '../crash/kills.ts';
import { askProductViews, membersOf } from '../oracle/product-views.ts';
import { readLake } from '../oracle/read-lake.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';

jest.setTimeout(300_000);

const REPORTS = 'top_products top_countries top_referrers store_performance hourly_products hourly_browsers';
const TABLES = 'fact_sales dim_date dim_product dim_location dim_user_agent'.split(' ');
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 13_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Mobile/15E148 Safari/604.1';
const GALAXY =
  'Mozilla/5.0 (Linux; Android 10; SM-G973F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.117 Mobile Safari/537.36';
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
/** 2020-06-14 12:00:00 UTC. */
const NOON = 1_592_136_000;

/** What is known, worked out by hand; addresses and products that are not here are unknown. */
const known = {
  user_agents: {
    [IPHONE]: ['Safari', 'iOS'],
    [GALAXY]: ['Chrome', 'Android'],
    [GOOGLEBOT]: ['Googlebot', null],
    'curl/7.68.0': ['curl', null],
  } as Record<string, (string | null)[]>,
  locations: { '8.8.8.8': ['US', 'United States', null, null] } as Record<string, (string | null)[]>,
  products: {} as Record<string, (string | null)[]>,
};

/** Messages with everything that is awkward. */
function message(n: number): string {
  const views: Record<string, unknown> = {
    _id: `5ed8cb2bc671fc36b74653a${n}`,
    id: `message-${n}`,
    time_stamp: NOON + 600 * n - 86_400 * (n % 3),
    ip: ['8.8.8.8', '10.1.2.3', '999.1.2.3', 'fe80::1', '81.2.69.142', ''][n % 6],
    user_agent: [IPHONE, GALAXY, GOOGLEBOT, 'curl/7.68.0', ''][n % 5],
    resolution: n % 7 === 0 ? null : '375x667',
    device_id: `device "${n}", \u2028 ${'é'.repeat(n % 3)}`,
    store_id: n % 4 === 0 ? 12 : '12',
    referrer_url: [
      'https://www.shop.example/ring?x=1',
      'HTTPS://User:Secret@WWW.Shop.Example:8443/',
      'https://www.google.com',
      'android-app://com.google.android.gm',
      'www.shop.example/without-scheme',
      'http://[2001:db8::1]:80/',
      'about:blank',
      'https://?query',
    ][n % 8],
    recommendation: [true, false, 'yes', null][n % 4],
    utm_source: [false, 'google'][n % 2],
    collection: 'view_product_detail',
    option: [[{ option_id: '1', value_label: '' }], { alloy: 'white', 'category id': 7 }, [], ''][n % 4],
  };
  if (n % 5 > 0) views.product_id = n % 2 === 0 ? String(100 + (n % 11)) : 100 + (n % 11);
  return JSON.stringify(views);
}

let home: Home;
let reader: WarehouseReader;
let server: string;
let warehouse: string;
const database = `test_${randomUUID().replaceAll('-', '')}`;
const messages: string[] = [];
beforeAll(async () => {
  reader = await WarehouseReader.start();
  server = (await locate(POSTGRES)).address;
  await reader.rows(server, `CREATE DATABASE ${database}`);
  warehouse = server.replace(/\/[^/]*$/, `/${database}`);
  home = await Home.create();
  await mkdir(join(home.folder, 'data'));
  // What the generator's addresses, products and browsers are has tests of its own: here they are unknown, or
  // as its files say.
  const views = join(home.folder, 'data/product_views.ndjson');
  const generate = `generate product_views --rows 3000 --seed 5 --dirty 0.05 --out ${views}`;
  expect((await home.run(generate.split(' '))).code).toBe(0);
  const lines = (await readFile(views, 'utf8'))
    .split('\n')
    .map((line) => line.replaceAll(/"user_agent":"[^"]*"/g, `"user_agent":"${GALAXY}"`));
  await writeFile(views, [...Array.from({ length: 120 }, (_, n) => message(n)), ...lines].join('\n'));
  messages.push(views);
  Object.assign(known.locations, await membersOf(join(home.folder, 'data/product_views-locations.csv')));
  Object.assign(known.products, await membersOf(join(home.folder, 'data/product_views-products.csv')));
  known.locations['81.2.69.142'] = ['GB', 'United Kingdom', null, null];
});
afterAll(async () => {
  await reader.rows(server, `DROP DATABASE ${database}`);
  await reader.stop();
  await rm(home.folder, { recursive: true });
});

async function eventlake(command: string) {
  const { code, stdout, stderr } = await home.run(command.split(' '), { WAREHOUSE_URL: warehouse });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const lake = () => join(home.folder, 'home/lake/product_views');

/**
 * What the tables and, for a day, the reports hold other than the messages say, in the lake and in
 * PostgreSQL.
 */
async function differences(date: string | null) {
  const reports: Record<string, Record<string, unknown>> = {};
  for (const place of date === null ? [] : ['lake', 'warehouse']) {
    const held: Record<string, unknown> = {};
    for (const name of REPORTS.split(' ')) {
      const report = `report product_views ${name} --date ${date} --on ${place} --json`;
      const { on, rows } = JSON.parse(await eventlake(report));
      expect(on).toBe(place);
      held[name] = rows.map((row: Record<string, unknown>) => Object.values(row));
    }
    reports[place] = held;
  }
  return askProductViews({ messages, lake: lake(), warehouse, ...known, date, reports });
}

async function versions(): Promise<Record<string, number>> {
  const program =
    'print(json.dumps({t: DeltaTable(request["lake"] + "/" + t).version() for t in request["tables"]}))';
  return (await readLake(program, { lake: lake(), tables: TABLES })) as Record<string, number>;
}

test('all tables and reports are what the messages say, cell by cell, in the lake and in PostgreSQL', async () => {
  const stdout = await eventlake('run product_views');
  expect(stdout).toContain('balanced');
  const { differences: found, facts, rejected } = await differences('2020-06-14');
  expect(found).toEqual([]);
  expect(facts).toBeGreaterThan(2900);
  expect(rejected).toBeGreaterThan(80);
});

test('late messages, replays and earlier versions of a message change what they should, and nothing else', async () => {
  const late = join(home.folder, 'late.ndjson');
  const at = (n: number, change: object) => JSON.stringify({ ...JSON.parse(message(n)), ...change });
  await writeFile(
    late,
    [
      ...[1, 2, 3].map(message),
      at(4, { time_stamp: NOON - 500, resolution: 'earlier' }),
      at(6, { time_stamp: NOON + 900_000, resolution: 'later' }),
      at(7, { resolution: 'as late as the other' }),
      at(200, { time_stamp: 1_199_145_600, ip: '10.9.9.9', product_id: 'new' }),
      at(201, { time_stamp: 4_102_444_799, user_agent: 'x\u0001y 🚲', ip: 'ÿ' }),
    ].join('\n'),
  );
  messages.push(late);
  const before = await versions();
  await eventlake(`ingest product_views --complete --file ${late}`);
  await eventlake('process product_views');
  expect(await differences('2020-06-14')).toMatchObject({ differences: [] });
  expect((await versions()).fact_sales).toBe((before.fact_sales ?? 0) + 1);
});

test('what is learned later is filled in, and facts stay as they are', async () => {
  await writeFile(
    join(home.folder, 'data/product_views-products-2.csv'),
    'language_code,product_id,url,name,price\nde,new,https://shop.example/new,"A ""new"" one, quoted",7\nen,101,,Named now,\n,unseen,,,\n',
  );
  await writeFile(
    join(home.folder, 'data/product_views-locations-2.csv'),
    'ip,country_short,country_long,region,city\n10.9.9.9,VN,Viet Nam,-,"Ho Chi Minh City"\n8.8.8.8,-,-,-,-\n',
  );
  known.products.new = ['A "new" one, quoted', 'https://shop.example/new', 'de'];
  known.products['101'] = ['Named now', null, 'en'];
  known.products.unseen = [null, null, null];
  known.locations['10.9.9.9'] = ['VN', 'Viet Nam', null, 'Ho Chi Minh City'];
  known.locations['8.8.8.8'] = [null, null, null, null];
  const before = await versions();
  await eventlake('process product_views');
  expect(await differences('2020-06-13')).toMatchObject({ differences: [] });
  const after = await versions();
  expect(after).toEqual({
    ...before,
    dim_product: (before.dim_product ?? 0) + 1,
    dim_location: (before.dim_location ?? 0) + 1,
  });
  await eventlake('process product_views');
  expect(await versions()).toEqual(after);
});

test('a file that is no CSV of products is told, with its name, and the tables stay', async () => {
  const before = await versions();
  const file = join(home.folder, 'data/product_views-products-3.csv');
  await writeFile(file, 'id,title\n1,a\n');
  const { code, stderr } = await home.run(['process', 'product_views']);
  expect(code).toBe(1);
  expect(stderr).toContain('product_views-products');
  expect(stderr).toContain('[model:bad_file]');
  await rm(file);
  await eventlake('process product_views');
  expect(await versions()).toEqual(before);
});

test('reports are of the newest day, as text, CSV and JSON', async () => {
  const newest = JSON.parse(await eventlake('report product_views top_referrers --json'));
  expect(newest).toEqual({
    report: 'top_referrers',
    on: 'warehouse',
    date: '2099-12-31',
    columns: ['referrer_url', 'views'],
    rows: [{ referrer_url: 'www.shop.example', views: 1 }],
  });
  expect(await eventlake('report product_views top_referrers --csv')).toBe(
    'referrer_url,views\nwww.shop.example,1\n',
  );
  expect(await eventlake('report product_views top_products --date 2001-02-03')).toContain(
    'nothing on this day',
  );
  for (const [args, problem] of [
    ['top_product', '[report:unknown]'],
    ['top_products --date 2020-02-30', '[report:bad_date]'],
    ['top_products --on warehouse', '[report:no_warehouse]'],
  ]) {
    const { code, stderr } = await home.run(`report product_views ${args}`.split(' '));
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
  }
});

test('processing that is killed at random moments leaves the tables that it would have made', async () => {
  const more = join(home.folder, 'more.ndjson');
  await writeFile(more, Array.from({ length: 300 }, (_, n) => message(n + 900)).join('\n'));
  messages.push(more);
  await eventlake(`ingest product_views --complete --file ${more}`);
  const kills = await killUntilDone({
    start: () => home.start(['process', 'product_views'], { WAREHOUSE_URL: warehouse }),
    progress: commits,
    random: new Random(13, 0),
    opening: 0,
    kills: 6,
    commits: 3,
    pauseMs: 200,
    startUpMs: 1000,
    startUpEvery: 3,
  });
  expect(kills.length).toBeGreaterThan(2);
  expect(await differences(null)).toMatchObject({ differences: [] });
});

/** How many commits all tables have. */
async function commits(): Promise<number> {
  const files = await readdir(lake(), { recursive: true });
  return files.filter((file) => file.endsWith('.json') && file.includes('_delta_log')).length;
}
