import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  type Dashboard,
  eventually,
  type Opened,
  openDashboard,
  panel,
  settled,
} from './page-environment.ts';

jest.setTimeout(180_000);

/** A text that a chart has drawn, and where it ends on its canvas. */
interface Label {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly width: number;
}

/** Makes the page remember the texts that its canvases show: nobody can read them from the page otherwise. */
const RECORD_LABELS = `
  const { prototype } = CanvasRenderingContext2D;
  const { fillText, clearRect } = prototype;
  prototype.clearRect = function (...area) {
    this.canvas.labels = [];
    clearRect.apply(this, area);
  };
  prototype.fillText = function (text, x, y) {
    const { width } = this.measureText(text);
    const left = this.textAlign === 'right' ? x - width : this.textAlign === 'center' ? x - width / 2 : x;
    this.canvas.labels.push({ text, left, right: left + width, width: this.canvas.width });
    fillText.call(this, text, x, y);
  };`;

/** Columns of the first canvas that hold the colour of the first series, #4a6fe8, as shares of its width. */
const COLOURED = `(() => {
  const canvas = document.querySelector('canvas');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const columns = new Set();
  for (let i = 0; i < data.length; i += 4)
    if (data[i] === 0x4a && data[i + 1] === 0x6f && data[i + 2] === 0xe8) columns.add((i / 4) % width);
  return [...columns].sort((a, b) => a - b).map((x) => x / width);
})()`;

describe('the days of the overview', () => {
  let dashboard: Dashboard;
  let opened: Opened;
  let page: Page;

  beforeAll(async () => {
    dashboard = await openDashboard();
  });
  afterAll(() => dashboard?.close());
  beforeEach(async () => {
    opened = await dashboard.open('/');
    page = opened.page;
    await opened.context.addInitScript(RECORD_LABELS);
  });
  afterEach(async () => {
    await opened?.context.close();
    expect(opened.faults).toEqual([]);
  });

  const look = async (query: string) => {
    await page.goto(`${dashboard.address}/?${query}`);
    await settled(page);
    await panel(page, 'Events by day').locator('canvas').first().waitFor();
  };
  /** The labels of each chart's axis of days. */
  const dayLabels = async () => {
    const charts: Label[][] = await panel(page, 'Events by day')
      .locator('canvas')
      .evaluateAll((all) => all.map((canvas) => (canvas as unknown as { labels: Label[] }).labels));
    return charts.map((labels) => labels.filter(({ text }) => /^\d{4}-/.test(text)));
  };
  const coloured = () => page.evaluate<number[]>(COLOURED);

  test.each([
    ['2020-11-10', '2020-11-10', ['2020-11-10']],
    ['2020-11-10', '2020-11-11', ['2020-11-10', '2020-11-11']],
    ['2020-11-10', '2020-11-12', ['2020-11-10', '2020-11-11', '2020-11-12']],
    ['2020-11-10', '2020-11-14', ['2020-11-10', '2020-11-11', '2020-11-12', '2020-11-13', '2020-11-14']],
  ])('from %s to %s each have one whole label, and are in the chart', async (from, to, wanted) => {
    await look(`from=${from}&to=${to}`);
    const charts = await dayLabels();
    expect(charts.length).toBeGreaterThan(1);
    for (const labels of charts) {
      expect(labels.map(({ text }) => text)).toEqual(wanted);
      for (const { left, right, width } of labels) {
        expect(left).toBeGreaterThanOrEqual(0);
        expect(right).toBeLessThanOrEqual(width);
      }
    }
    expect((await coloured()).length).toBeGreaterThan(0);
  });

  test('a chart reaches from the first to the last day of the filter', async () => {
    // The data begin on 2020-09-24, so that the first half of these days is empty.
    await look('from=2020-09-14&to=2020-10-03');
    const columns = await coloured();
    expect(columns.length).toBeGreaterThan(0);
    expect(columns[0]).toBeGreaterThan(0.45);
    const [labels] = await dayLabels();
    expect(labels?.[0]?.text).toBe('2020-09-14');
  });

  test.each([360, 700, 1280])('no label is cut or drawn over another, %i pixels wide', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    for (const query of ['', 'from=2020-11-10&to=2020-11-14', 'from=2020-11-01&to=2020-12-05']) {
      await look(query);
      const [labels = []] = await dayLabels();
      expect(labels.length).toBeGreaterThan(0);
      for (const [i, label] of labels.entries()) {
        expect(label.right).toBeLessThanOrEqual(label.width);
        expect(label.left).toBeGreaterThan(labels[i - 1]?.right ?? 0);
      }
    }
  });

  test('are typed and shown in ISO 8601', async () => {
    const from = page.getByLabel('from', { exact: true });
    await from.pressSequentially('2020-11-10');
    await eventually(async () => new URL(page.url()).searchParams.get('from'), '2020-11-10');
    await from.fill('10.11.2020');
    await from.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'must be a day such as 2020-09-24' }).waitFor();
    await from.fill('2020-02-30');
    await from.press('Enter');
    await page.getByRole('alert').filter({ hasText: '2020-02-30' }).waitFor();
    await page.getByRole('button', { name: 'Last 7 days' }).click();
    const days = async () => [
      await from.inputValue(),
      await page.getByLabel('to', { exact: true }).inputValue(),
    ];
    await eventually(days, ['2021-02-22', '2021-02-28']);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('that end before they begin are told about beside the inputs, and no zeros are shown', async () => {
    await settled(page);
    const before = opened.requests.length;
    await page.goto(`${dashboard.address}/?from=2020-11-10&to=2020-11-05`);
    const alert = page.getByRole('group', { name: 'Days' }).getByRole('alert');
    await alert.filter({ hasText: '“from” is after “to”' }).waitFor();
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    expect(await page.locator('[data-number]').count()).toBe(0);
    expect(opened.requests.slice(before).filter((path) => path.startsWith('/api/overview?'))).toEqual([]);
    await page.getByLabel('to', { exact: true }).fill('2020-11-12');
    await eventually(() => alert.count(), 0);
    await page.locator('[data-number="events"]').waitFor();
  });
});
