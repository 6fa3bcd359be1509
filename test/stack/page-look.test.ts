import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { expectedPage } from '../oracle/overview.ts';
import { overhang, seriousFaults, withAxe } from './page-axe.ts';
import { type Dashboard, eventually, type Opened, openDashboard, settled } from './page-environment.ts';

jest.setTimeout(240_000);

const PHONE = { width: 360, height: 740 };

/** How many numbers, of four digits, and labels of histograms are drawn over the one before. */
const OVERLAPS = `['.value', '.tick'].reduce((count, part) => {
  const ends = [...document.querySelectorAll('.histogram ' + part)]
    .filter((one) => getComputedStyle(one).visibility === 'visible')
    .map(({ firstChild }) => {
      if (part === '.value') firstChild.data = '5,974';
      const range = document.createRange();
      range.selectNode(firstChild);
      return range.getBoundingClientRect();
    });
  return count + ends.filter(({ left }, i) => i > 0 && left < ends[i - 1].right).length;
}, 0)`;

describe('in every view', () => {
  let dashboard: Dashboard;
  let views: string[];

  beforeAll(async () => {
    dashboard = await openDashboard();
    const { profiles } = await expectedPage([dashboard.file]);
    // Whose lists are the longest, so that they scroll.
    const [buyer] = Object.entries(profiles)
      .filter(([, { purchases }]) => Number(purchases) > 1)
      .reduce((a, b) => (Number(a[1].sessions) >= Number(b[1].sessions) ? a : b));
    views = ['/', '/?segment=buyer', '/entities', `/entities/${buyer}`, '/pipeline', '/lake'];
  });
  afterAll(() => dashboard?.close());

  /** Looks at one view after the other, once it has all that it shows. */
  const eachView = async (opened: Opened, look: (page: Page, view: string) => Promise<void>) => {
    for (const view of views) {
      await opened.page.goto(dashboard.address + view);
      await settled(opened.page);
      await look(opened.page, view);
    }
    await opened.context.close();
    expect(opened.faults).toEqual([]);
  };

  test('nothing is wider than a phone, and no text is drawn over another', async () => {
    const opened = await dashboard.open('/', { viewport: PHONE, isMobile: true, hasTouch: true });
    const widths: Record<string, number> = {};
    await eachView(opened, async (page, view) => {
      const pixels = await overhang(page);
      if (pixels > 0) widths[view] = pixels;
      if (view === '/') {
        expect(await page.locator('.histogram .tick').count()).toBeGreaterThan(8);
        expect(await page.locator('.histogram .value').filter({ visible: false }).count()).toBe(0);
      }
      expect(await page.evaluate<number>(OVERLAPS)).toBe(0);
    });
    expect(widths).toEqual({});
  });

  test.each(['light', 'dark'] as const)('axe finds no serious fault in the %s theme', async (colorScheme) => {
    const opened = await dashboard.open('/', { colorScheme });
    await withAxe(opened.context);
    const found: string[] = [];
    await eachView(opened, async (page, view) => {
      found.push(...(await seriousFaults(page)).map((fault) => `${view} ${fault}`));
    });
    expect(found).toEqual([]);
  });

  test('the theme that is chosen is shown, and remembered', async () => {
    const opened = await dashboard.open('/', { colorScheme: 'light' });
    const { page } = opened;
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('combobox', { name: 'Theme' }).selectOption('dark');
    await eventually(async () => (await background()) !== light, true);
    const dark = await background();
    await page.reload();
    await settled(page);
    expect(await background()).toBe(dark);
    expect(await page.getByRole('combobox', { name: 'Theme' }).inputValue()).toBe('dark');
    await page.getByRole('combobox', { name: 'Theme' }).selectOption('light');
    await eventually(background, light);
    await opened.context.close();
    expect(opened.faults).toEqual([]);
  });

  test('a browser that keeps nothing for a page shows it all the same', async () => {
    const opened = await dashboard.open('/');
    const { page } = opened;
    await opened.context.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
    });
    await page.reload();
    await settled(page);
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('combobox', { name: 'Theme' }).selectOption('dark');
    await eventually(async () => (await background()) !== light, true);
    await opened.context.close();
    expect(opened.faults).toEqual([]);
  });
});
