import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type ExpectedPage, expectedPage } from '../oracle/overview.ts';
import { type Dashboard, eventually, type Opened, openDashboard, panel } from './page-environment.ts';

jest.setTimeout(180_000);

describe('the lake', () => {
  let dashboard: Dashboard;
  let expected: ExpectedPage;
  let opened: Opened;
  let page: Page;

  beforeAll(async () => {
    dashboard = await openDashboard();
    expected = await expectedPage([dashboard.file], [{}]);
  });
  afterAll(() => dashboard?.close());
  beforeEach(async () => {
    opened = await dashboard.open('/lake');
    page = opened.page;
  });
  afterEach(() => opened?.context.close());

  const ask = async (sql: string) => {
    await page.getByRole('textbox', { name: 'SQL' }).fill(sql);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
  };
  const result = () =>
    page.getByRole('region', { name: 'Result, scrolls sideways' }).locator('tbody td').allTextContents();
  const overview = () => {
    const [first] = expected.overviews;
    if (!first) throw new Error('nothing was computed');
    return first;
  };

  test('shows its tables and the commits of the one that is chosen', async () => {
    const rejected = Object.values(expected.rejected).reduce((sum, n) => sum + n, 0);
    const wanted = {
      events: overview().numbers.events,
      rejected,
      customer_profiles: overview().numbers.customers,
    };
    const cards = page.getByRole('region', { name: 'Tables' }).getByRole('button');
    for (const [table, rows] of Object.entries(wanted)) {
      const card = cards.filter({ has: page.getByText(table, { exact: true }) });
      await card.getByText(`${rows.toLocaleString('en-US')} rows`).waitFor();
      await card.click();
      const added = panel(page, `Commits of ${table}`).locator('tbody tr > :nth-child(4)');
      await eventually(async () => {
        const numbers = (await added.allTextContents()).map((text) => Number(text.replace(/[+,]/g, '')));
        return numbers.reduce((sum, n) => sum + n, 0);
      }, rows);
    }
    expect(opened.faults).toEqual([]);
  });

  test('answers a SELECT', async () => {
    await ask('SELECT count(*), max(user_id) FROM events');
    const last = Object.keys(expected.profiles).reduce((a, b) => (BigInt(a) > BigInt(b) ? a : b));
    await eventually(result, [`${overview().numbers.events}`, last]);
    expect(opened.faults).toEqual([]);
  });

  test('what was asked and chosen is in the address, so that it can be shared, and Back works', async () => {
    await ask('SELECT count(*) FROM events');
    await eventually(result, [`${overview().numbers.events}`]);
    await ask('SELECT count(*) FROM customer_profiles');
    await eventually(result, [`${overview().numbers.customers}`]);
    await page.getByRole('button', { name: /^customer_profiles/ }).click();
    await panel(page, 'Commits of customer_profiles').waitFor();
    await page.reload();
    await panel(page, 'Commits of customer_profiles').waitFor();
    await eventually(result, [`${overview().numbers.customers}`]);
    const text = () => page.getByRole('textbox', { name: 'SQL' }).inputValue();
    expect(await text()).toBe('SELECT count(*) FROM customer_profiles');
    await page.goBack();
    await panel(page, 'Commits of events').waitFor();
    await page.goBack();
    await eventually(result, [`${overview().numbers.events}`]);
    expect(await text()).toBe('SELECT count(*) FROM events');
    expect(opened.faults).toEqual([]);
  });

  test('refuses what is no SELECT, in place, and stays usable', async () => {
    await ask('DROP TABLE events');
    await page.getByRole('region', { name: 'Ask the tables' }).getByRole('alert').waitFor();
    expect(opened.faults).toHaveLength(1);
    expect(opened.faults[0]).toMatch(/^4\d\d \/api\/sql$/);
    await ask('SELECT count(*) FROM customer_profiles');
    await eventually(result, [`${overview().numbers.customers}`]);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('gives a result as a CSV file', async () => {
    const { events } = overview().funnel.purchase ?? { events: 0 };
    const sql = `SELECT event_type, count(*) AS n FROM (SELECT DISTINCT * EXCLUDE (log_partition, log_offset, log_timestamp)
      FROM events WHERE event_type = 'purchase') GROUP BY ALL`;
    await page.getByRole('textbox', { name: 'SQL' }).fill(sql);
    const begun = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const download = await begun;
    expect(download.suggestedFilename()).toBe('result.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trim().split(/\r?\n/);
    expect(lines).toEqual(['event_type,n', `purchase,${events}`]);
    expect(opened.faults).toEqual([]);
  });
});
