import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { PipelineAnswer } from '../../dashboard/api.ts';
import { json } from './end-to-end-environment.ts';
import { type Dashboard, eventually, openDashboard } from './page-environment.ts';

jest.setTimeout(180_000);

const ROWS = 300_000;
const RATE = /[\d,]+ rows a second/;

/** What the view shows at one moment. */
interface Shown {
  readonly said: string;
  /** The stages whose arrows move. */
  readonly moving: string[];
  /** What waits before archive. */
  readonly lag: string;
  readonly audit: string;
}

/** Keeps every state that the view shows from now on. */
const RECORD = `
  globalThis.seen = [];
  const look = () => {
    const text = (selector) => document.querySelector(selector)?.textContent ?? '';
    const moving = [...document.querySelectorAll('[data-hop].moving')].map((hop) => hop.dataset.hop);
    const audit = document.querySelector('[data-audit]')?.dataset.audit ?? '';
    const shown = { said: text('.throughput'), moving, lag: text('[data-hop="archive"] .lag'), audit };
    if (JSON.stringify(shown) !== JSON.stringify(seen.at(-1))) seen.push(shown);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });`;

describe('the pipeline', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(0);
    const size = ['--rows', `${ROWS}`, '--seed', '7', '--out', dashboard.file];
    await json(dashboard.environment, ['generate', ...size]);
  });
  afterAll(() => dashboard?.close());

  const audit = (page: Page) => page.locator('[data-audit]').getAttribute('data-audit');
  const said = (page: Page) => page.locator('.throughput').textContent();
  const seen = (page: Page) => page.evaluate<Shown[]>('seen');

  test('says which stages move while others stand still, stops when all is done, and is counted at a time', async () => {
    const { environment, file } = dashboard;
    const { page, faults, context } = await dashboard.open('/pipeline');
    await eventually(() => audit(page), 'empty');
    await eventually(() => said(page), 'Idle');
    expect(await page.locator('.badge.good').count()).toBe(0);
    await page.evaluate(RECORD);
    await json(environment, ['ingest', '--file', file, '--complete', '--batch-size', '1000']);
    await eventually(() => audit(page), 'unbalanced');
    await eventually(() => said(page), 'Idle');
    const ingest = await seen(page);
    expect(new Set(ingest.map(({ moving }) => moving.join()))).toEqual(new Set(['ingest', '']));
    for (const { said, moving, audit } of ingest.filter(({ moving }) => moving.length > 0)) {
      expect([moving, audit]).toEqual([['ingest'], 'underway']);
      expect(said).toMatch(/^ingest( is running|: \d+ %|: (\d+ %, )?[\d,]+ rows a second)$/);
    }
    expect(ingest.some(({ said }) => RATE.test(said))).toBe(true);
    expect(ingest.at(-1)?.lag).toBe('300,000 behind');
    const colours = await page.evaluate<string[]>(
      `['.lag.behind', 'body'].map((one) => getComputedStyle(document.querySelector(one)).color)`,
    );
    expect(colours[0]).toBe(colours[1]);

    await page.evaluate('seen.length = 0');
    // So many commits that some of them are between two looks of the page, on any machine.
    const inSmallBatches = { ...environment.variables, BATCH_ROWS: '15000' };
    await json({ ...environment, variables: inSmallBatches }, ['process']);
    await eventually(() => audit(page), 'balanced');
    await eventually(() => said(page), 'Idle');
    const processed = await seen(page);
    const archived = processed.filter(({ said }) => said.includes('archive') && RATE.test(said));
    expect(archived.length).toBeGreaterThan(0);
    // The rate ends with the last commit.
    for (const { lag } of archived) expect(lag).toMatch(/behind$/);
    const all = [...ingest, ...processed];
    expect(all.filter(({ moving }) => moving.includes('publish'))).toEqual([]);
    expect(all.filter(({ audit, moving }) => audit === 'balanced' && moving.length > 0)).toEqual([]);
    // There is no index to publish to.
    expect(await page.locator('[data-hop="publish"] svg').count()).toBe(0);
    expect(await page.locator('[data-hop="archive"] svg').count()).toBe(1);
    await page.locator('[data-hop="archive"]').getByText(' by DuckDB').waitFor();
    const counted = Date.parse((await page.locator('time').getAttribute('datetime')) ?? '');
    expect(Math.abs(Date.now() - counted)).toBeLessThan(3_600_000);
    expect(faults).toEqual([]);
    await context.close();
  });

  test.each([360, 800, 1181, 1280])('cuts no number, however long, %i pixels wide', async (width) => {
    const { page, context } = await dashboard.open('/pipeline', { viewport: { width, height: 900 } });
    // A lake of so many rows is too large for a test: the state is that of the server, with longer numbers.
    const answer = (await (await fetch(`${dashboard.address}/api/pipeline`)).json()) as PipelineAnswer;
    const long = { rows: 440_885_129, lag: 440_885_129, moving: true };
    for (const hop of answer.hops) Object.assign(hop, long, hop.engine && { engine: 'Spark' });
    const body = `event: pipeline\ndata: ${JSON.stringify(answer)}\n\n`;
    await page.route('**/api/pipeline/stream', (route) =>
      route.fulfill({ body, contentType: 'text/event-stream' }),
    );
    // The page asks for it, too, as the stream above ends after one answer.
    await page.route('**/api/pipeline', (route) => route.fulfill({ json: answer }));
    await page.reload();
    await page.getByText('440,885,129 behind').first().waitFor();
    await page.locator('[data-hop="archive"]').getByText(' by Spark').waitFor();
    const cut = await page.evaluate(`
      [...document.querySelectorAll('.flow .big, .flow .lag, .flow .hint')].flatMap((element) => {
        if (element.textContent === '') return [];
        const text = document.createRange();
        text.selectNodeContents(element);
        const [inner, outer] = [text, element.closest('.store, .hop')].map((one) => one.getBoundingClientRect());
        const isWhole = inner.left >= outer.left && inner.right <= outer.right + 0.5 && outer.right <= innerWidth;
        return isWhole ? [] : [element.textContent];
      })`);
    expect(cut).toEqual([]);
    await context.close();
  });
});
