import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { expectedPage } from '../oracle/overview.ts';
import { json } from './end-to-end-environment.ts';
import { bars, type Dashboard, eventually, openDashboard, panel } from './page-environment.ts';

jest.setTimeout(180_000);

describe('the pipeline', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
  });
  afterAll(() => dashboard?.close());

  test('shows a balanced audit and what was rejected, and moves while another process fills the lake', async () => {
    const { page, requests, faults, context } = await dashboard.open('/pipeline');
    const { environment, file } = dashboard;
    const check = async (files: string[]) => {
      const { rows, rejected, profiles } = await expectedPage(files);
      // The lake holds what was rejected, too.
      const stores = { files: rows, archive: rows, model: Object.keys(profiles).length };
      const wanted = Object.entries(stores).map(([name, n]) => [name, n.toLocaleString('en-US')]);
      await eventually(async () => {
        const shown = wanted.map(async ([name]) => [
          name ?? '',
          (await page.locator(`[data-store="${name}"]`).textContent()) ?? '',
        ]);
        return Promise.all(shown);
      }, wanted);
      await eventually(async () => Object.fromEntries(await bars(page, 'Rejected')), rejected);
      await page.locator('[data-audit="balanced"]').waitFor();
      await eventually(
        async () => (await panel(page, 'Audit').locator('tr').first().locator('td').textContent()) ?? '',
        rows.toLocaleString('en-US'),
      );
    };
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await check([file]);

    const second = join(environment.folder, 'second.csv');
    await json(environment, [
      'generate',
      '--rows',
      '3000',
      '--seed',
      '8',
      '--dirty',
      '0.02',
      '--out',
      second,
    ]);
    await json(environment, ['ingest', '--file', second, '--complete']);
    await json(environment, ['process']);
    await check([file, second]);

    const streams = requests.filter((path) => path === '/api/pipeline/stream');
    const polled = requests.filter((path) => path === '/api/pipeline');
    const loads = requests.filter((path) => path === '/pipeline');
    expect([streams.length, polled.length, loads.length]).toEqual([1, 0, 1]);
    expect(faults).toEqual([]);
    await context.close();
  });

  test('shows examples of the reason that is clicked', async () => {
    const { page, faults, context } = await dashboard.open('/pipeline');
    const reason = 'price:not_a_number';
    await panel(page, 'Rejected').getByRole('button', { name: reason }).click();
    await page.getByRole('heading', { name: `Newest examples of ${reason}` }).waitFor();
    await eventually(async () => {
      const reasons = await panel(page, 'Rejected').locator('.examples .hint').allTextContents();
      return reasons.length > 0 && reasons.every((text) => text.startsWith(reason));
    }, true);
    expect(faults).toEqual([]);
    await context.close();
  });
});
