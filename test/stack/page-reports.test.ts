import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { overhang, seriousFaults, withAxe } from './page-axe.ts';
import {
  bars,
  command,
  type Dashboard,
  eventually,
  openDashboard,
  panel,
  settled,
} from './page-environment.ts';

jest.setTimeout(180_000);

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 13_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Mobile/15E148 Safari/604.1';
const GALAXY =
  'Mozilla/5.0 (Linux; Android 10; SM-G973F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.117 Mobile Safari/537.36';
const GOOGLE = 'https://www.google.com/search';
const SHOP = 'https://shop.example/ring';

/** Product, store, address, referrer and browser of each view. */
const VIEWS: [string, string | null, string, string, string, string][] = [
  ['2020-06-14T10:05:00Z', '101', '12', '192.0.2.1', GOOGLE, GALAXY],
  ['2020-06-14T10:20:00Z', '101', '12', '192.0.2.1', GOOGLE, GALAXY],
  ['2020-06-14T10:50:00Z', '102', '7', '192.0.2.2', SHOP, IPHONE],
  ['2020-06-14T13:00:00Z', '101', '7', '192.0.2.2', SHOP, IPHONE],
  ['2020-06-14T13:10:00Z', null, '12', '192.0.2.1', GOOGLE, IPHONE],
  ['2020-06-12T09:00:00Z', '=1', '7', '192.0.2.2', SHOP, GALAXY],
];
const MESSAGES = VIEWS.map(([time, product_id, store_id, ip, referrer_url, user_agent], n) =>
  JSON.stringify({
    ...{ id: `view-${n}`, time_stamp: Date.parse(time) / 1000, ip, user_agent, store_id, referrer_url },
    ...(product_id === null ? {} : { product_id }),
  }),
);

let dashboard: Dashboard;
let path: string;
beforeAll(async () => {
  dashboard = await openDashboard(0, async ({ folder }) => {
    await mkdir(join(folder, 'data'));
    const write = (name: string, lines: string[]) =>
      writeFile(join(folder, 'data', name), `${lines.join('\n')}\n`);
    // The first view comes twice, and counts once.
    await write('views.ndjson', [...MESSAGES, MESSAGES[0] ?? '']);
    await write('product_views-products.csv', [
      'product_id,name,url,language_code',
      '101,Gold ring,https://shop.example/101,en',
    ]);
    await write('product_views-locations.csv', [
      'ip,country_short,country_long,region,city',
      '192.0.2.1,US,United States,,',
      '192.0.2.2,DE,Germany,,',
    ]);
    return {};
  });
  await command(dashboard.environment, ['run', 'product_views', '--file', 'data/views.ndjson']);
  path = '/datasets/product_views/reports';
});
afterAll(() => dashboard?.close());

const rows = (page: Page, title: string) =>
  panel(page, title)
    .locator('tbody tr')
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));

test('shows the reports of the newest day, of a day that is chosen, and gives them as CSV', async () => {
  const { page, context, faults } = await dashboard.open(path);
  expect(await page.getByRole('link', { name: 'Reports', exact: true }).getAttribute('aria-current')).toBe(
    'page',
  );
  const date = page.getByRole('textbox', { name: 'date' });
  await eventually(() => date.inputValue(), '2020-06-14');
  await eventually(() => page.locator('.report-rows').count(), 6);
  expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
    'Top products',
    'Top countries',
    'Top referrers',
    'Store performance',
    'Hourly products',
    'Hourly browsers',
  ]);
  expect(await rows(page, 'Top products')).toEqual([
    ['101', 'Gold ring', '3'],
    ['102', '–', '1'],
  ]);
  expect(await rows(page, 'Top countries')).toEqual([
    ['US', 'United States', '3'],
    ['DE', 'Germany', '2'],
  ]);
  expect(await rows(page, 'Store performance')).toEqual([
    ['DE', 'Germany', '7', '2', '1'],
    ['US', 'United States', '12', '3', '1'],
  ]);
  // Each number stands once, beside a bar of its length.
  expect(await bars(page, 'Top products')).toEqual([]);
  const widths = await panel(page, 'Top countries')
    .locator('td .fill')
    .evaluateAll((all) => all.map((one) => one.style.width.slice(0, 5)));
  expect(widths).toEqual(['100%', '66.66']);
  const byHour = [
    ['hour 10', 3],
    ['hour 11', 0],
    ['hour 12', 0],
    ['hour 13', 2],
  ];
  expect(await bars(page, 'Hourly browsers')).toEqual(byHour);
  expect(await panel(page, 'Hourly browsers').locator('.legend > li').allTextContents()).toEqual([
    'Safari',
    'Chrome',
  ]);
  expect(await rows(page, 'Hourly browsers')).toEqual([
    ['10', 'Chrome', 'Android', '2'],
    ['10', 'Safari', 'iOS', '1'],
    ['13', 'Safari', 'iOS', '2'],
  ]);
  expect(await rows(page, 'Hourly products')).toEqual([
    ['10', '101', 'Gold ring', '2'],
    ['10', '102', '–', '1'],
    ['13', '101', 'Gold ring', '1'],
  ]);

  await date.fill('2020-06-12');
  await eventually(() => rows(page, 'Top products'), [['=1', '–', '1']]);
  expect(new URL(page.url()).searchParams.get('date')).toBe('2020-06-12');
  const link = page.getByRole('link', { name: 'Download CSV: Top products' });
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  expect(file.suggestedFilename()).toBe('top_products-2020-06-12.csv');
  // A spreadsheet must not take the text for a formula.
  expect(await readFile(await file.path(), 'utf8')).toBe("product_key,name,views\r\n'=1,,1\r\n");

  await date.fill('2020-06-13');
  await eventually(() => page.getByText('Nothing on this day.').count(), 6);
  await date.fill('2020-13-01');
  await date.press('Enter');
  await page.getByRole('alert').filter({ hasText: '“2020-13-01”' }).waitFor();
  await page.getByRole('button', { name: 'Newest day' }).click();
  await eventually(
    () => rows(page, 'Top referrers'),
    [
      ['www.google.com', '3'],
      ['shop.example', '2'],
    ],
  );
  expect(faults).toEqual([]);
  await context.close();
});

test('the pipeline says that nothing is published, and which setting is missing', async () => {
  const { page, context } = await dashboard.open('/datasets/product_views/pipeline');
  await eventually(
    () => page.locator('[data-hop="publish"] .store.absent .hint').allTextContents(),
    ['not in PostgreSQL: WAREHOUSE_URL is not set'],
  );
  await context.close();
});

test('the overview counts no messages beside events, as each event is one', async () => {
  const { page, context } = await dashboard.open('/datasets/product_views/');
  await settled(page);
  expect(
    await page
      .locator('[data-number]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-number'))),
  ).toEqual(['events']);
  await context.close();
});

test('the pipeline of generated readings begins with the generator, and lists no files', async () => {
  await command(dashboard.environment, [
    'generate',
    'co2_live',
    '--follow',
    '--rows',
    '30',
    '--rate',
    '10000',
  ]);
  const { page, context } = await dashboard.open('/datasets/co2_live/pipeline');
  await eventually(() => page.locator('.flow h2').first().textContent(), 'generator');
  expect(await page.locator('[data-store="files"]').textContent()).toBe('30');
  expect(await panel(page, 'Files ingested').count()).toBe(0);
  await context.close();
});

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)('is accessible and not too wide in the %s theme, %i pixels wide', async (colorScheme, width) => {
  const { page, context, faults } = await dashboard.open(path, {
    colorScheme,
    viewport: { width, height: 800 },
  });
  await withAxe(context);
  await page.goto(dashboard.address + path);
  await eventually(() => page.locator('.report-rows').count(), 6);
  await settled(page);
  expect(await seriousFaults(page)).toEqual([]);
  expect(await overhang(page)).toBe(0);
  expect(faults).toEqual([]);
  await context.close();
});
