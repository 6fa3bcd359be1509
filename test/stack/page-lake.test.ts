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
  const typed = () => page.getByRole('textbox', { name: 'SQL' }).inputValue();
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
      await eventually(typed, `SELECT * FROM ${table} LIMIT 100`);
    }
    // What somebody has typed stays.
    await page.getByRole('textbox', { name: 'SQL' }).fill('SELECT 7');
    await cards.filter({ has: page.getByText('events', { exact: true }) }).click();
    await panel(page, 'Commits of events').waitFor();
    expect(await typed()).toBe('SELECT 7');
    expect(opened.faults).toEqual([]);
  });

  test('answers a SELECT', async () => {
    await ask('SELECT count(*), max(user_id) FROM events');
    const last = Object.keys(expected.profiles).reduce((a, b) => (BigInt(a) > BigInt(b) ? a : b));
    await eventually(result, [grouped(overview().numbers.events), last]);
    expect(opened.faults).toEqual([]);
  });

  test('what was asked and chosen is in the address, so that it can be shared, and Back works', async () => {
    await ask('SELECT count(*) FROM events');
    await eventually(result, [grouped(overview().numbers.events)]);
    await ask('SELECT count(*) FROM customer_profiles');
    await eventually(result, [grouped(overview().numbers.customers)]);
    await page.getByRole('button', { name: /^customer_profiles/ }).click();
    await panel(page, 'Commits of customer_profiles').waitFor();
    await page.reload();
    await panel(page, 'Commits of customer_profiles').waitFor();
    await eventually(result, [grouped(overview().numbers.customers)]);
    expect(await typed()).toBe('SELECT count(*) FROM customer_profiles');
    await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.getByRole('button', { name: 'Link copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(page.url());
    await page.goBack();
    await panel(page, 'Commits of events').waitFor();
    await page.goBack();
    await eventually(result, [grouped(overview().numbers.events)]);
    expect(await typed()).toBe('SELECT count(*) FROM events');
    expect(opened.faults).toEqual([]);
  });

  test('shows numbers to the right with their digits grouped, ids with theirs as they are', async () => {
    await ask(`SELECT 1234567::BIGINT AS n, -1234.50::DECIMAL(9,2) AS amount, 'a 1000' AS word, 1515915625519388267 AS user_id,
      [1000] AS list, NULL::INTEGER AS nothing`);
    await eventually(result, ['1,234,567', '-1,234.50', 'a 1000', '1515915625519388267', '[1000]', '–']);
    const aligned = await page
      .getByRole('region', { name: 'Result, scrolls sideways' })
      .locator('tbody td, thead th')
      .evaluateAll((cells) => cells.map((cell) => cell.matches('.number')));
    const wanted = [true, true, false, true, false, true];
    expect(aligned).toEqual([...wanted, ...wanted]);
    expect(opened.faults).toEqual([]);
  });

  test('shows where a query is wrong, the caret below the word', async () => {
    await ask('SELECT event_time, nothing FROM events');
    const lines = page.getByRole('alert').locator('pre');
    await lines.getByText('nothing FROM').waitFor();
    const [line = '', caret = ''] = ((await lines.textContent()) ?? '').trimEnd().split('\n').slice(-2);
    expect(line).toBe('LINE 1: SELECT event_time, nothing FROM events');
    expect(caret.indexOf('^')).toBe(line.indexOf('nothing'));
    const style = await page.evaluate<string[]>(
      `(({ fontFamily, whiteSpace }) => [fontFamily, whiteSpace])(getComputedStyle(document.querySelector('[role=alert] pre')))`,
    );
    expect(style[0]).toMatch(/monospace$/);
    expect(style[1]).toBe('pre');
  });

  test.each([
    'DELETE FROM events',
    'WITH x AS (SELECT 1) DELETE FROM events;',
    'UPDATE events SET price = 0',
  ])('says of %s that only a SELECT is allowed', async (sql) => {
    await ask(sql);
    await page
      .getByRole('alert')
      .getByText('Only one SELECT statement is allowed', { exact: true })
      .waitFor();
  });

  test('refuses what is no SELECT, in place, and stays usable', async () => {
    await ask('DROP TABLE events');
    await page.getByRole('region', { name: 'Ask the tables' }).getByRole('alert').waitFor();
    expect(opened.faults).toHaveLength(1);
    expect(opened.faults[0]).toMatch(/^4\d\d \/api\/sql$/);
    await ask('SELECT count(*) FROM customer_profiles');
    await eventually(result, [grouped(overview().numbers.customers)]);
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

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
