import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { expectedPage } from '../oracle/overview.ts';
import { type Environment, json } from './end-to-end-environment.ts';
import { type Dashboard, eventually, openDashboard, panel, settled } from './page-environment.ts';

jest.setTimeout(240_000);

const FILTER = { segment: 'cart_abandoner', from: '2020-10-01' };
const PATH = `/?${new URLSearchParams(FILTER)}`;

describe('over one connection', () => {
  let dashboard: Dashboard;
  beforeEach(async () => {
    dashboard = await openDashboard();
  });
  afterEach(() => dashboard?.close());

  const shows = async (page: Page, files: string[]) => {
    const { overviews } = await expectedPage(files, [FILTER]);
    const wanted = Object.entries(overviews[0]?.numbers ?? {}).map(([name, value]) => [
      name,
      `${grouped(value)}${name === 'revenue' ? ' USD' : ''}`,
    ]);
    expect(wanted).toHaveLength(4);
    await eventually(
      () =>
        page
          .locator('[data-number]')
          .evaluateAll((all) =>
            all.map((one) => [one.getAttribute('data-number') ?? '', one.textContent ?? '']),
          ),
      wanted,
    );
    const types = Object.values(overviews[0]?.types ?? {})
      .map(grouped)
      .sort();
    const counts = panel(page, 'Events by day').locator('figcaption .hint');
    await eventually(async () => (await counts.allTextContents()).sort(), types);
  };

  test('the overview takes in new numbers while another process fills the lake, and keeps filters and focus', async () => {
    const { environment, file } = dashboard;
    const { page, requests, faults, context } = await dashboard.open(PATH);
    await shows(page, [file]);
    await page.getByRole('combobox', { name: 'brand' }).pressSequentially('sam');
    // Anything that fades, disappears or asks for patience from now on is seen here.
    await page.evaluate(`
      globalThis.signs = [];
      new MutationObserver(() => {
        if (document.querySelector('.stale, .skeleton, [aria-busy="true"], .problem')) signs.push('flicker');
        if (!document.activeElement.matches('input') || document.activeElement.value !== 'sam') signs.push('focus');
      }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });`);
    const lake = await dashboard.open('/lake');
    const second = await fill(environment);
    await shows(page, [file, second]);
    expect(await page.evaluate('signs')).toEqual([]);
    expect(await page.getByRole('combobox', { name: 'brand' }).inputValue()).toBe('sam');
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual(FILTER);
    const only = (path: string) => requests.filter((one) => one === path).length;
    expect([only('/api/pipeline/stream'), only('/api/pipeline'), only(PATH)]).toEqual([1, 0, 1]);
    const { overviews } = await expectedPage([file, second], [{}]);
    const tables = lake.page.getByRole('region', { name: 'Tables' });
    await tables.getByText(`${grouped(overviews[0]?.numbers.events ?? 0)} rows`).waitFor();
    expect([...faults, ...lake.faults]).toEqual([]);
    await context.close();
    await lake.context.close();
  });

  test('a page that was hidden has no connection, and is up to date when it is looked at again', async () => {
    const { environment, file } = dashboard;
    const { page, requests, faults, context } = await dashboard.open(PATH);
    const hide = (isHidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await shows(page, [file]);
    await hide(true);
    await page.getByRole('status').filter({ hasText: 'connecting' }).waitFor();
    const second = await fill(environment);
    await hide(false);
    await shows(page, [file, second]);
    expect(requests.filter((path) => path === '/api/pipeline/stream')).toHaveLength(2);
    expect(faults).toEqual([]);
    await context.close();
  });

  test('what has failed while the server was away is there again when it is back', async () => {
    const { page, context } = await dashboard.open('/');
    const status = page.getByRole('status');
    await status.filter({ hasText: 'live' }).waitFor();
    await settled(page);
    await dashboard.stop();
    await status.filter({ hasText: 'connecting' }).waitFor();
    await page.getByLabel('from', { exact: true }).fill(FILTER.from);
    await page.getByRole('combobox', { name: 'segment' }).selectOption(FILTER.segment);
    // The page says it once, and not again in every panel.
    await page.getByRole('alert').getByText('The dashboard does not answer').waitFor();
    await eventually(() => page.locator('.problem').count(), 1);
    await dashboard.startAgain();
    await shows(page, [dashboard.file]);
    await eventually(() => page.locator('.problem').count(), 0);
    await status.filter({ hasText: 'live' }).waitFor();
    await context.close();
  });

  test('what has failed alone is asked for again by a click', async () => {
    const { page, context } = await dashboard.open('/');
    await settled(page);
    const days = '**/api/overview/days?**';
    await page.route(days, (route) => route.abort());
    await page.getByLabel('from', { exact: true }).fill(FILTER.from);
    await page.getByRole('combobox', { name: 'segment' }).selectOption(FILTER.segment);
    const again = panel(page, 'Events by day').getByRole('button', { name: 'Try again' });
    await again.waitFor();
    await page.unroute(days);
    await again.click();
    await shows(page, [dashboard.file]);
    await context.close();
  });
});

/** Ingests and processes another file, which it gives. */
async function fill(environment: Environment): Promise<string> {
  const file = join(environment.folder, 'second.csv');
  const size = ['--rows', '3000', '--seed', '8', '--dirty', '0.02'];
  await json(environment, ['generate', ...size, '--out', file]);
  await json(environment, ['ingest', '--file', file]);
  await json(environment, ['process']);
  return file;
}

function grouped(value: number | string): string {
  return String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
}
