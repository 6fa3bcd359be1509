import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { LiveSeriesAnswer } from '../../dashboard/api.ts';
import { DATASET_FILE, LiveFile, type Reading } from '../dashboard/live/live-fixture.ts';
import { python } from '../oracle/compare.ts';
import { overhang, seriousFaults, withAxe } from './page-axe.ts';
import { type Dashboard, eventually, openDashboard } from './page-environment.ts';

jest.setTimeout(240_000);

const VIEW = '/datasets/co2_live/live';
/** Two seconds each: a minute. */
const UPDATES = 30;
const ORACLE = join(import.meta.dirname, '..', 'oracle', 'live_series.py');

let dashboard: Dashboard;
let file: LiveFile;
beforeAll(async () => {
  dashboard = await openDashboard(0, async ({ folder }) => {
    const datasets = join(folder, 'datasets');
    await mkdir(join(datasets, 'co2_live'), { recursive: true });
    await writeFile(join(datasets, 'co2_live', 'dataset.yml'), DATASET_FILE);
    return { EVENTLAKE_DATASETS: datasets };
  });
  file = new LiveFile(join(dashboard.environment.folder, 'home'));
  await file.begin();
});
afterAll(() => dashboard?.close());

/** Readings of three cities up to now, made up but always the same. */
function readings(n: number, everyMs = 500): Reading[] {
  const now = Date.now();
  return Array.from({ length: n }, (_, i) => ({
    at: now - (n - 1 - i) * everyMs,
    city: ['Oslo', 'São Paulo', 'New York'][(i * 7) % 3] ?? '',
    sector: ['energy', 'transport'][(i * 5) % 2] ?? '',
    emissions: ((i * 37) % 1000) / 10,
    ppm: i % 11 === 0 ? null : 400 + ((i * 13) % 97) / 4,
    temperature: ((i * 29) % 50) - 20,
  }));
}

interface Expected {
  buckets: number[];
  groups: Record<string, { counts: number[]; means: (number | null)[]; latest: string }>;
}

/** What a window shows of the file, computed by Python. */
async function expected(
  window: { seconds: number; bucket: number },
  by: string,
  value: string,
): Promise<Expected> {
  const child = spawn(python(), [ORACLE], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ files: [file.path], ...window, by, value }));
  return JSON.parse(await text(child.stdout));
}

/** What the page shows: each gauge's text, and each cell of the table by row. */
const gauges = (page: Page) =>
  page
    .locator('[data-gauge]')
    .evaluateAll((all) =>
      all.map((one) => [
        one.getAttribute('data-gauge') ?? '',
        one.querySelector('.gauge-value')?.textContent ?? '',
      ]),
    );
const rows = (page: Page) =>
  page
    .locator('[data-row]')
    .evaluateAll((all) =>
      all.map((one) => [
        one.getAttribute('data-row') ?? '',
        ...[...one.children].map((cell) => cell.textContent ?? ''),
      ]),
    );
/** Numbers as texts that all have the decimals of the longest; a dash where there is none. */
function sameDecimals(numbers: readonly string[]): string[] {
  const most = Math.max(...numbers.map((text) => text.split('.')[1]?.length ?? 0));
  return numbers.map((text) => {
    const [whole = '', fraction = ''] = text.split('.');
    return text === '' ? '–' : `${whole}${most > 0 ? '.' : ''}${fraction.padEnd(most, '0')}`;
  });
}
const tile = (page: Page, name: string) => page.locator(`[data-number="${name}"]`).textContent();

test('points, gauges and rows are those of the file', async () => {
  await file.append(readings(600));
  const { page, context, faults, requests } = await dashboard.open(
    `${VIEW}?by=city&value=co2_ppm&window=15m`,
  );
  await page.locator('[data-gauge]').first().waitFor();
  const wanted = await expected({ seconds: 900, bucket: 5 }, 'city', 'co2_ppm');
  const names = Object.keys(wanted.groups).sort();
  expect(names).toEqual(['New York', 'Oslo', 'São Paulo']);
  const lines = (await file.text())
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  const byOffset = new Map(lines.map((fields) => [fields.at(-1) ?? '', fields]));
  await eventually(
    () => gauges(page),
    sameDecimals(names.map((name) => byOffset.get(wanted.groups[name]?.latest ?? '')?.[6] ?? '')).map(
      (reading, i) => [names[i] ?? '', reading],
    ),
  );
  expect(await tile(page, 'readings')).toBe('600');
  const query = '?window=15m&by=city&value=co2_ppm';
  const answer = await fetch(`${dashboard.address}/datasets/co2_live/api/live/series${query}`);
  const { buckets, groups } = (await answer.json()) as LiveSeriesAnswer;
  expect(buckets).toEqual(wanted.buckets);
  const near = (mean: number | null) => (mean === null ? null : expect.closeTo(mean, 9));
  expect(groups.map(({ group, counts, means }) => [group, counts, means])).toEqual(
    names.map((name) => [name, wanted.groups[name]?.counts, wanted.groups[name]?.means.map(near)]),
  );
  // The chart says each of its points to who walks through them with the keyboard, hundreds with one decimal.
  const chart = page.getByRole('slider', { name: /^co2 ppm/ });
  await chart.focus();
  await page.keyboard.press('End');
  for (let back = 0; back < 12; back++, await page.keyboard.press('ArrowLeft')) {
    const at = wanted.buckets.length - 1 - back;
    const moment = new Date((wanted.buckets[at] ?? 0) * 1000).toISOString().slice(11, 19);
    const parts = names
      .map((name) => ({ name, mean: wanted.groups[name]?.means[at] }))
      .filter(({ mean }) => typeof mean === 'number')
      .map(({ name, mean }) => `${name} ${(mean ?? 0).toFixed(1)}`);
    expect(await chart.getAttribute('aria-valuetext')).toBe(`${moment}: ${parts.join(', ') || 'no reading'}`);
  }
  const shown = await rows(page);
  expect(shown.map(([place]) => place)).toEqual(Array.from({ length: 20 }, (_, i) => `0/${599 - i}`));
  const newest = shown.map(([place = '']) => byOffset.get(place.slice(2)) ?? []);
  const measured = [5, 6, 7].map((column) => sameDecimals(newest.map((fields) => fields[column] ?? '')));
  for (const [i, [, ...cells]] of shown.entries()) {
    const [id, at = '', country, city, sector, , , , sensor] = newest[i] ?? [];
    const [emissions, ppm, temperature] = measured.map((column) => column[i]);
    expect(cells).toEqual([
      id,
      at.slice(0, 19).replace('T', ' '),
      country,
      city,
      sector,
      emissions,
      ppm,
      temperature,
      sensor,
    ]);
  }
  expect(faults).toEqual([]);
  expect(requests.filter((path) => path.includes('/api/live'))).toEqual(
    requests.filter((path) => path.includes('/api/live/series?window=15m&by=city&value=co2_ppm&rows=20')),
  );
  await context.close();
});

test('every two seconds it asks once, and shows what has come; paused it does not', async () => {
  const { page, context, requests, faults } = await dashboard.open(VIEW);
  const asked = () => requests.filter((path) => path.includes('/api/live')).length;
  const begun = performance.now();
  for (let update = 0; update < UPDATES; update++) {
    await file.append(readings(3));
    const newest = Array.from({ length: 20 }, (_, i) => `0/${file.written - 1 - i}`);
    await eventually(async () => (await rows(page)).map(([place]) => place), newest);
    await eventually(() => tile(page, 'readings'), String(file.written));
  }
  expect(await tile(page, 'rate')).toMatch(/^[\d,.]+ \/s$/);
  expect(await tile(page, 'delay')).toMatch(/^[\d.]+ s$/);
  // One at the start, and one for every two seconds since.
  expect(asked()).toBeLessThanOrEqual(1 + (performance.now() - begun) / 2000 + 1);
  await page.getByRole('button', { name: 'Pause' }).press('Enter');
  const before = asked();
  const last = `0/${file.written - 1}`;
  await file.append(readings(3));
  await page.getByLabel('window').selectOption('1h');
  await eventually(async () => asked(), before + 1);
  await page.getByText('paused').waitFor();
  await page.getByRole('button', { name: 'Resume' }).press('Enter');
  await eventually(async () => (await rows(page))[0]?.[0], `0/${file.written - 1}`);
  expect(last).not.toBe(`0/${file.written - 1}`);
  expect(new URL(page.url()).searchParams.get('window')).toBe('1h');
  // A click on a gauge takes its line away.
  const oslo = page.locator('[data-gauge]').first();
  await oslo.press('Enter');
  expect(await oslo.getAttribute('aria-pressed')).toBe('false');
  expect(faults).toEqual([]);
  await context.close();
});

test('a server that goes away is told, what is known stays, and it continues when the server is back', async () => {
  const { page, context } = await dashboard.open(VIEW);
  await page.locator('[data-row]').first().waitFor();
  await dashboard.stop();
  await page.getByText('The dashboard does not answer').waitFor();
  expect(await page.locator('[data-row]').count()).toBe(20);
  await file.append(readings(4));
  await dashboard.startAgain();
  await eventually(async () => (await rows(page))[0]?.[0], `0/${file.written - 1}`);
  await eventually(() => page.locator('.problem').count(), 0);
  await context.close();
});

test('the navigation lists the datasets, each with its views, and leads to them', async () => {
  const { page, context, faults } = await dashboard.open('/');
  await page.locator('.datasets summary').click();
  const links = page.getByRole('navigation', { name: 'Datasets' }).getByRole('link');
  const addresses = await links.evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''));
  expect(addresses.slice(0, 4)).toEqual(['/', '/entities', '/pipeline', '/lake']);
  expect(addresses.filter((address) => address.startsWith('/datasets/co2_live/'))).toEqual(
    ['live', '', 'pipeline', 'lake'].map((view) => `/datasets/co2_live/${view}`),
  );
  await page.getByRole('link', { name: 'co2_live: Pipeline' }).click();
  await page.getByRole('heading', { level: 1, name: 'Pipeline' }).waitFor();
  const views = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
  expect(await views.allTextContents()).toEqual(['Live', 'Overview', 'Pipeline', 'Lake']);
  await views.filter({ hasText: 'Live' }).click();
  await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
  expect(new URL(page.url()).pathname).toBe(VIEW);
  expect(faults.filter((fault) => !fault.startsWith('404 /api/overview'))).toEqual([]);
  await context.close();
});

test.each(['light', 'dark'] as const)('axe finds no serious fault in the %s theme', async (colorScheme) => {
  const { page, context } = await dashboard.open('/', { colorScheme });
  await withAxe(context);
  await page.goto(dashboard.address + VIEW);
  await page.locator('[data-row]').first().waitFor();
  await page.locator('.datasets summary').press('Enter');
  expect(await seriousFaults(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await page.locator('.datasets[open]').count()).toBe(0);
  await context.close();
});

test('on a phone many groups have a chart each, and few have one together; nothing is wider', async () => {
  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
  const { page, context } = await dashboard.open(VIEW, phone);
  await page.locator('[data-row]').first().waitFor();
  expect(await page.getByRole('slider').count()).toBe(1);
  expect(await overhang(page)).toBe(0);
  await page.locator('.datasets summary').tap();
  expect(await overhang(page)).toBe(0);
  const now = Date.now();
  const cities = ['Accra', 'Bern', 'Cairo', 'Delhi', 'Espoo', 'Fes'];
  const reading = { sector: 'energy', emissions: 1.5, ppm: 400, temperature: 20 };
  await file.append(cities.map((city, i) => ({ ...reading, at: now - i * 1000, city })));
  await page.goto(`${dashboard.address}${VIEW}?by=city&value=emissions_tonnes`);
  await eventually(() => page.locator('[data-small-chart]').count(), cities.length + 3);
  const bern = page.locator('[data-small-chart="Bern"]');
  expect(await bern.locator('.gauge-value').textContent()).toBe('1.5');
  expect(await bern.locator('polyline').getAttribute('points')).toMatch(/^[\d.]+,[\d.]+/);
  expect(await page.getByRole('slider').count()).toBe(0);
  expect(await overhang(page)).toBe(0);
  await context.close();
});
