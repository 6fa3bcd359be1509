import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  type ExpectedOverview,
  type ExpectedPage,
  expectedPage,
  type OverviewFilter,
} from '../oracle/overview.ts';
import {
  bar,
  bars,
  type Dashboard,
  eventually,
  type Opened,
  openDashboard,
  panel,
} from './page-environment.ts';

jest.setTimeout(180_000);

const TOP = 10;
const SEGMENT: OverviewFilter = { segment: 'cart_abandoner' };
const CATEGORY: OverviewFilter = { category: 'electronics.telephone' };
const MONTH: OverviewFilter = { from: '2020-11-01', to: '2020-11-30' };

/** The thirty days before {@link MONTH}. */
const BEFORE: OverviewFilter = { from: '2020-10-02', to: '2020-10-31' };
const DAYS: OverviewFilter = { from: '2020-09-26', to: '2020-09-29' };

/** All that the overview shows as numbers. */
interface Shown {
  readonly numbers: Record<string, string>;
  readonly duplicates: string;
  readonly funnel: [string, number][];
  readonly funnelEvents: string;
  readonly types: [string, string][];
  readonly segments: [string, number][];
  readonly categories: [string, number][];
  readonly brands: [string, number][];
}

describe('the overview', () => {
  let dashboard: Dashboard;
  let opened: Opened;
  let page: Page;
  let brand: string;
  let expected: Map<OverviewFilter, ExpectedOverview>;

  beforeAll(async () => {
    dashboard = await openDashboard();
    const whole: ExpectedPage = await expectedPage([dashboard.file], [{}]);
    const brands = sorted(whole.overviews[0]?.brands ?? {}).filter(([name]) => name !== 'no brand');
    brand = brands[0]?.[0] ?? '';
    const filters = [{}, SEGMENT, CATEGORY, { brand }, MONTH, BEFORE, DAYS, { ...SEGMENT, ...CATEGORY }];
    const { overviews } = await expectedPage([dashboard.file], filters);
    expected = new Map(overviews.map((one, i) => [filters[i] ?? {}, one]));
  });
  afterAll(() => dashboard?.close());

  beforeEach(async () => {
    opened = await dashboard.open('/');
    page = opened.page;
  });
  afterEach(async () => {
    await opened?.context.close();
    expect(opened.faults).toEqual([]);
  });

  const shows = async (filter: OverviewFilter) => {
    const wanted = [...expected].find(([one]) => JSON.stringify(one) === JSON.stringify(filter))?.[1];
    if (!wanted) throw new Error('not computed');
    await eventually(() => read(page), shown(wanted));
  };
  const address = () => Object.fromEntries(new URL(page.url()).searchParams);

  test('shows what an independent computation gives', async () => {
    await shows({});
    // The charts add up to the number that is called distinct.
    const { types, duplicates } = await read(page);
    const charted = types.reduce((sum, [, n]) => sum + Number(n.replaceAll(',', '')), 0);
    expect(duplicates).toMatch(new RegExp(`^${grouped(charted)} distinct and `));
    await page.getByText('Distinct events: exact duplicates are counted once.').waitFor();
    const { spent } = [...expected.values()][0] ?? { spent: [] };
    const buckets = await bars(page, 'Spend distribution');
    const counted = buckets.map(([label]) => {
      const [from = 0, to = Number.POSITIVE_INFINITY] =
        label.replaceAll(',', '').match(/\d+/g)?.map(Number) ?? [];
      return [label, spent.filter((money) => money >= from && money < to).length];
    });
    expect(spent.length).toBeGreaterThan(10);
    expect(buckets).toEqual(counted);
    expect(buckets.reduce((sum, [, n]) => sum + n, 0)).toBe(spent.length);
  });

  test('a step of the funnel has the colour of its chart', async () => {
    await shows({});
    const charts = await backgrounds(page, 'figcaption .dot');
    const types = await panel(page, 'Events by day').locator('figcaption').allTextContents();
    const steps = await bars(page, 'Conversion');
    const fills = await backgrounds(page, '.bars .fill[class*=series]');
    expect(new Set(charts).size).toBe(charts.length);
    expect(fills).toEqual(
      steps.map(([step]) => charts[types.findIndex((type) => type.trim().startsWith(step))]),
    );
  });

  test('a click on a segment filters the rest, its chip takes that back, and so does Back', async () => {
    await bar(page, 'Segments', 'cart abandoner').click();
    await shows(SEGMENT);
    expect(address()).toEqual(SEGMENT);
    await bar(page, 'Top categories', CATEGORY.category ?? '').click();
    await shows({ ...SEGMENT, ...CATEGORY });
    expect(address()).toEqual({ ...SEGMENT, ...CATEGORY });
    await page.goBack();
    await shows(SEGMENT);
    await page.getByRole('button', { name: 'segment cart_abandoner' }).click();
    await shows({});
    expect(address()).toEqual({});
    await page.goBack();
    await shows(SEGMENT);
  });

  test('a click on a category or a brand filters the rest, and another click takes it back', async () => {
    await bar(page, 'Top categories', CATEGORY.category ?? '').click();
    await shows(CATEGORY);
    expect(address()).toEqual(CATEGORY);
    await bar(page, 'Top categories', CATEGORY.category ?? '').click();
    await shows({});
    await bar(page, 'Top brands', brand).click();
    await shows({ brand });
    expect(address()).toEqual({ brand });
    await page.reload();
    await shows({ brand });
    await page.getByRole('button', { name: 'Clear all' }).click();
    await shows({});
  });

  test('beside what is chosen in a panel the rest stays, so that another may be chosen', async () => {
    const pressed = () => panel(page, 'Segments').locator('[aria-pressed="true"] .label').allTextContents();
    await bar(page, 'Segments', 'visitor').click();
    await eventually(pressed, ['visitor']);
    await bar(page, 'Segments', 'cart abandoner').click();
    await shows(SEGMENT);
    expect(await pressed()).toEqual(['cart abandoner']);
    expect((await bars(page, 'Segments')).length).toBeGreaterThan(2);
  });

  test('nothing is asked twice, and a bar says its whole name', async () => {
    await shows({});
    const asked = opened.requests.filter((path) => path.startsWith('/api/overview'));
    expect(asked.length).toBeGreaterThan(4);
    expect(asked).toEqual([...new Set(asked)]);
    const name = CATEGORY.category ?? '';
    const item = panel(page, 'Top categories')
      .getByRole('listitem')
      .filter({ has: page.getByText(name, { exact: true }) });
    expect(await item.getAttribute('title')).toMatch(new RegExp(`^${name}: [\\d,]+ customers, `));
  });

  test('dates are chosen in the form', async () => {
    await page.getByLabel('from', { exact: true }).fill(MONTH.from ?? '');
    await page.getByLabel('to', { exact: true }).fill(MONTH.to ?? '');
    await shows(MONTH);
    expect(address()).toEqual(MONTH);
  });

  test('revenue has a currency and a value for each buyer, and all numbers the change to as many days before', async () => {
    const none = page.locator('[data-change]');
    await shows({});
    expect(await none.count()).toBe(0);
    await page.goto(`${dashboard.address}/?${new URLSearchParams({ ...MONTH })}`);
    await page.getByText(`Compared with as many days before: ${BEFORE.from} to ${BEFORE.to}.`).waitFor();
    const [now, before] = [MONTH, BEFORE].map((filter) => expected.get(filter)?.numbers);
    if (!now || !before) throw new Error('not computed');
    const changes = Object.entries(now).map(([name, value]) => {
      const percent = (100 * Number(value)) / Number(before[name as keyof typeof before]) - 100;
      return [name, `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} % vs. before`];
    });
    await eventually(
      () => none.evaluateAll((all) => all.map((one) => [one.getAttribute('data-change'), one.textContent])),
      changes,
    );
    const perBuyer = (Number(now.revenue) / Number(now.buyers)).toFixed(2);
    await page.getByText(`${grouped(perBuyer)} USD per buyer`, { exact: true }).waitFor();
    // The first days have none before them that the data hold wholly.
    await page.goto(`${dashboard.address}/?${new URLSearchParams({ ...DAYS })}`);
    await shows(DAYS);
    expect(await none.count()).toBe(0);
  });

  test('days are read, and chosen, in a chart with the keyboard', async () => {
    await shows({});
    const chart = panel(page, 'Events by day').getByRole('slider', { name: /^view by day/ });
    await chart.focus();
    for (const key of ['End', 'Home', 'ArrowRight']) await page.keyboard.press(key);
    await eventually(
      async () => (await chart.getAttribute('aria-valuetext'))?.slice(0, 12),
      `${DAYS.from}: `,
    );
    for (let days = 0; days < 3; days++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await shows(DAYS);
    expect(address()).toEqual(DAYS);
    const views = expected.get(DAYS)?.types.view ?? 0;
    let read = 0;
    await page.keyboard.press('Home');
    for (let day = 26; day <= 29; day++, await page.keyboard.press('ArrowRight')) {
      const [name, count] = (await chart.getAttribute('aria-valuetext'))?.split(': ') ?? [];
      expect(name).toBe(`2020-09-${day}`);
      read += Number(count?.replaceAll(',', ''));
    }
    expect(read).toBe(views);
  });

  test('the keyboard alone comes to the first segment and chooses it', async () => {
    await shows({});
    const first = panel(page, 'Segments').getByRole('button').first();
    const isThere = () => first.evaluate((button) => button.matches(':focus'));
    for (let steps = 0; steps < 60 && !(await isThere()); steps++) await page.keyboard.press('Tab');
    expect(await isThere()).toBe(true);
    await page.keyboard.press('Enter');
    await eventually(() => first.getAttribute('aria-pressed'), 'true');
    await eventually(async () => Object.keys(address()), ['segment']);
  });
});

/** The colours of these parts of the page. */
function backgrounds(page: Page, parts: string): Promise<string[]> {
  return page.evaluate(
    `[...document.querySelectorAll('${parts}')].map((one) => getComputedStyle(one).backgroundColor)`,
  );
}

/** By number, then by name. */
function sorted(counts: Record<string, number>): [string, number][] {
  const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Object.entries(counts).sort(([a, n], [b, m]) => m - n || compare(a, b));
}

/** What the page should show of an overview. */
function shown(overview: ExpectedOverview): Shown {
  const { numbers, duplicates, funnel, types, segments, categories, brands } = overview;
  const named = ([name, n]: [string, number]): [string, number] => [name.replaceAll('_', ' '), n];
  const withName = sortedByName;
  return {
    numbers: Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [
        name,
        `${grouped(value)}${name === 'revenue' ? ' USD' : ''}`,
      ]),
    ),
    duplicates: copies(numbers.events, duplicates),
    funnel: Object.entries(funnel).map(([step, { customers }]) => [step, customers]),
    funnelEvents: Object.entries(funnel)
      .map(([step, { events }]) => `${grouped(events)} ${step} events`)
      .join(' · '),
    types: withName(
      Object.entries(types).map(([type, n]): [string, string] => [type.replaceAll('_', ' '), grouped(n)]),
    ),
    segments: sorted(segments).map(named),
    categories: top(categories, 'no category'),
    brands: top(brands, 'no brand'),
  };
}

/** The sum of all charts and panels beside the number of rows. */
function copies(events: number, duplicates: number): string {
  if (duplicates === 0) return 'all distinct';
  const word = duplicates === 1 ? 'duplicate' : 'duplicates';
  return `${grouped(events - duplicates)} distinct and ${grouped(duplicates)} exact ${word}`;
}

/** The first of them; the events without a value come last among equals. */
function top(counts: Record<string, number>, none: string): [string, number][] {
  const { [none]: without, ...others } = counts;
  const all = sorted(others);
  const place = all.findIndex(([, n]) => n < (without ?? 0));
  if (without !== undefined) all.splice(place < 0 ? all.length : place, 0, [none, without]);
  return all.slice(0, TOP);
}

function sortedByName(pairs: [string, string][]): [string, string][] {
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
}

function grouped(value: number | string): string {
  const [whole = '', fraction] = String(value).split('.');
  const text = BigInt(whole).toLocaleString('en-US');
  return fraction === undefined ? text : `${text}.${fraction}`;
}

async function read(page: Page): Promise<Shown> {
  const numbers = await page
    .locator('[data-number]')
    .evaluateAll((all) => all.map((one) => [one.getAttribute('data-number') ?? '', one.textContent ?? '']));
  const types = await panel(page, 'Events by day')
    .locator('figcaption')
    .evaluateAll((all) =>
      all.map((one): [string, string] => {
        const count = one.querySelector('.hint')?.textContent ?? '';
        return [(one.textContent ?? '').slice(0, -count.length).trim(), count];
      }),
    );
  return {
    numbers: Object.fromEntries(numbers),
    duplicates: (await page.locator('.numbers .hint').first().textContent()) ?? '',
    funnel: await bars(page, 'Conversion'),
    funnelEvents: (await panel(page, 'Conversion').locator('.hint').last().textContent()) ?? '',
    types: sortedByName(types.filter(([, n]) => n !== '0')),
    segments: await bars(page, 'Segments'),
    categories: await bars(page, 'Top categories'),
    brands: await bars(page, 'Top brands'),
  };
}
