import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { expectedPage } from '../oracle/overview.ts';
import { type Dashboard, eventually, type Opened, openDashboard, panel } from './page-environment.ts';

jest.setTimeout(180_000);

const ROWS = 50;
const AMOUNTS = ['total_spent', 'largest_purchase', 'average_order_value', 'average_viewed_price'];
type Profiles = Awaited<ReturnType<typeof expectedPage>>['profiles'];

describe('customers', () => {
  let dashboard: Dashboard;
  let profiles: Profiles;

  beforeAll(async () => {
    dashboard = await openDashboard();
    ({ profiles } = await expectedPage([dashboard.file]));
  });
  afterAll(() => dashboard?.close());

  const visit = async (path: string, look: (page: Page, opened: Opened) => Promise<void>) => {
    const opened = await dashboard.open(path);
    try {
      await look(opened.page, opened);
    } finally {
      await opened.context.close();
    }
    expect(opened.faults).toEqual([]);
  };
  const ids = (page: Page) => page.locator('tbody th').allTextContents();
  const position = (page: Page): Locator => page.getByRole('navigation', { name: 'Pages' }).locator('span');

  test('are searched by the beginning of their id', () =>
    visit('/entities', async (page, { requests }) => {
      const prefix = Object.keys(profiles)[0]?.slice(0, -2) ?? '';
      const wanted = Object.keys(profiles).filter((id) => id.startsWith(prefix));
      expect(wanted.length).toBeLessThan(ROWS);
      await page.getByRole('searchbox').fill(prefix);
      await eventually(async () => (await ids(page)).sort(), wanted.sort());
      expect(new URL(page.url()).searchParams.get('q')).toBe(prefix);
      await page.getByRole('searchbox').fill('000');
      await page.getByText('No customer matches.').waitFor();
      const limits = requests
        .filter((path) => path.startsWith('/api/entities'))
        .map((path) => /limit=(\d+)/.exec(path)?.[1]);
      expect(new Set(limits)).toEqual(new Set([`${ROWS}`]));
    }));

  test('are sorted by what they spent, and come a page at a time', () =>
    visit('/entities', async (page) => {
      const spent = Object.values(profiles).map((profile) => Number(profile.total_spent));
      const most = spent.sort((a, b) => b - a);
      const column = async () => {
        const headings = await page.locator('thead th').allTextContents();
        const place = headings.findIndex((heading) => heading.startsWith('total spent'));
        const cells = await page.locator(`tbody tr > :nth-child(${place + 1})`).allTextContents();
        return cells.map((cell) => Number(cell.replaceAll(',', '')));
      };
      // Also before anybody has chosen it, the column that they are sorted by says so.
      const sorted = () => page.locator('th[aria-sort]').allTextContents();
      await eventually(column, most.slice(0, ROWS));
      expect(await sorted()).toEqual(['total spent (USD) ↓']);
      const total = most.length.toLocaleString('en-US');
      await eventually(() => position(page).textContent(), `1 to ${ROWS} of ${total}`);
      const first = await ids(page);
      await page.getByRole('button', { name: 'Next' }).click();
      await eventually(() => position(page).textContent(), `${ROWS + 1} to ${2 * ROWS} of ${total}`);
      await eventually(column, most.slice(ROWS, 2 * ROWS));
      expect(new Set([...first, ...(await ids(page))]).size).toBe(2 * ROWS);
      await page.getByRole('button', { name: 'Previous' }).click();
      await eventually(() => ids(page), first);
      await page.getByRole('columnheader', { name: 'total spent' }).getByRole('button').click();
      await eventually(column, most.slice(-ROWS).reverse());
      expect(await sorted()).toEqual(['total spent (USD) ↑']);
    }));

  test.each([360, 800, 1280, 1920])('are seen in every column and row, in a window %i pixels wide', (width) =>
    visit('/entities', async (page) => {
      await page.setViewportSize({ width, height: 800 });
      await page.locator('tbody tr').first().waitFor();
      const table = page.getByRole('region', { name: 'Customers, scrolls in both directions' });
      // Its bars are within the window, and the page itself does not scroll sideways.
      const box = await table.boundingBox();
      expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(800);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
      const [content = 0, window = 0] = await page
        .locator('html')
        .evaluate((html) => [html.scrollWidth, html.clientWidth]);
      expect(content).toBeLessThanOrEqual(window);
      // Scrolled to its end, the last row of the last column is whole, below headings that stay.
      await table.evaluate((element) => element.scrollTo(element.scrollWidth, element.scrollHeight));
      for (const part of [
        'thead th:last-child',
        'tbody tr:last-child td:last-child',
        'tbody tr:last-child th',
      ]) {
        const cell = await table.locator(part).boundingBox();
        if (!box || !cell) throw new Error('not shown');
        expect(cell.x).toBeGreaterThanOrEqual(box.x);
        expect(cell.x + cell.width).toBeLessThanOrEqual(box.x + box.width);
        expect(cell.y).toBeGreaterThanOrEqual(box.y);
        expect(cell.y + cell.height).toBeLessThanOrEqual(box.y + box.height);
      }
    }),
  );

  test('one is opened, with the profile that an independent computation gives', () =>
    visit('/entities?sort=total_spent&order=desc', async (page) => {
      const best = Object.values(profiles).reduce((a, b) =>
        Number(a.total_spent) >= Number(b.total_spent) ? a : b,
      );
      const id = String(best.user_id);
      await page.getByRole('link', { name: id }).click();
      await page.getByRole('heading', { name: `Customer ${id}` }).waitFor();
      const read = async () =>
        Object.fromEntries(
          await page
            .locator('[data-column]')
            .evaluateAll((all) => all.map((one) => [one.getAttribute('data-column'), one.textContent])),
        );
      // What matters most stands first: who this is, money, and since when. It is not said again.
      const facts = ['total_spent', 'largest_purchase', 'first_seen', 'last_seen'];
      const others = Object.entries(best).filter(
        ([name]) => !['user_id', 'segment', ...facts].includes(name),
      );
      expect(others.length).toBeGreaterThan(8);
      await eventually(read, Object.fromEntries(others.map(([name, value]) => [name, shown(name, value)])));
      expect(await page.locator('h1 .badge').textContent()).toBe(String(best.segment).replaceAll('_', ' '));
      expect(
        await page
          .locator('[data-fact]')
          .evaluateAll((all) => all.map((one) => [one.getAttribute('data-fact'), one.textContent])),
      ).toEqual(facts.map((name) => [name, shown(name, best[name] ?? null)]));
      await eventually(() => panel(page, 'Timeline').locator('tbody tr').count(), Number(best.events));
      await eventually(
        () => panel(page, 'Sessions').locator('.sessions > li').count(),
        Number(best.sessions),
      );
      const price = await panel(page, 'Timeline').getByRole('columnheader', { name: 'price' }).textContent();
      expect(price).toBe('price (USD)');
      await page.goBack();
      await page.getByRole('heading', { name: 'Customers' }).waitFor();
      await page.getByRole('link', { name: id }).waitFor();
    }));

  test('one who is not there is told about, with the way back', async () => {
    const opened = await dashboard.open('/entities/123');
    await opened.page.getByRole('alert').filter({ hasText: '123' }).waitFor();
    // The page asks again when it learns of the tables' versions.
    expect([...new Set(opened.faults)]).toEqual(['404 /api/entities/123']);
    await opened.page.getByRole('link', { name: 'All customers' }).click();
    await eventually(async () => (await ids(opened.page)).length, ROWS);
    await opened.context.close();
  });
});

/** A value as the page writes it. */
function shown(name: string, value: string | number | null): string {
  if (value === null) return '–';
  if (name.endsWith('_seen')) return String(value).replace('T', ' ').replace('Z', '');
  if (name === 'user_id') return String(value);
  const text = typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);
  const grouped = text.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
  return AMOUNTS.includes(name) ? `${grouped} USD` : grouped;
}
