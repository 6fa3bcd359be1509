import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { command, type Dashboard, eventually, openDashboard } from './page-environment.ts';

jest.setTimeout(180_000);

const VIEWS = ['Overview', 'Customers', 'Pipeline', 'Lake'];

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard(0);
  const { environment, file } = dashboard;
  const full = { ...environment, variables: { EVENTLAKE_HOME: join(environment.folder, 'full') } };
  await command(full, ['generate', '--rows', '300', '--seed', '7', '--out', file]);
  await command(full, ['run', '--file', file]);
});
afterAll(() => dashboard?.close());

/** Brings a folder of a lake that was filled elsewhere, as if a run had just written it. */
async function bring(path: string): Promise<void> {
  const { folder } = dashboard.environment;
  await cp(join(folder, 'full', path), join(folder, 'home', path), { recursive: true });
}

/** What one note says in each of the views, one after the other on the same page. */
async function inEachView(page: Page, selector: string): Promise<string[]> {
  const texts: string[] = [];
  for (const view of VIEWS) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
    await eventually(() => page.locator(selector).count(), 1);
    texts.push((await page.locator(selector).textContent()) ?? '');
  }
  return texts;
}

test('an empty lake looks the same in each view, and is seen to fill, table by table', async () => {
  const { page } = await dashboard.open('/');
  const texts = await inEachView(page, '[data-note="empty-lake"]');
  expect(texts).toHaveLength(VIEWS.length);
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toMatch(/^The lake is empty.*make run.*make demo/);
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.getByRole('link', { name: 'Customers', exact: true }).click();
  await bring('log');
  await bring('lake/electronics/events');
  await page.getByText('There are no customers yet').waitFor();
  await bring('lake/electronics/customer_profiles');
  await page.locator('tbody tr').first().waitFor();
  // Which columns are numbers is known only since the table is there.
  await page.locator('tbody td.number').first().waitFor();
  for (const view of VIEWS) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
    await eventually(() => page.locator('[data-note="empty-lake"]').count(), 0);
  }
  await page.getByRole('button', { name: /^events/ }).waitFor();
});

test('a lost server looks the same in each view, and is found again', async () => {
  await bring('lake');
  const { page } = await dashboard.open('/');
  const status = page.getByRole('status');
  await status.filter({ hasText: 'live' }).waitFor();
  await dashboard.stop();
  await page.getByRole('alert').waitFor();
  const texts = await inEachView(page, '.problem');
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toMatch(/^The dashboard does not answer.*make dashboard/);
  await dashboard.startAgain();
  await status.filter({ hasText: 'live' }).waitFor();
  await eventually(() => page.locator('.problem').count(), 0);
  for (const view of VIEWS) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
    expect(await page.locator('.problem').count()).toBe(0);
  }
  await page.getByRole('button', { name: /^events/ }).waitFor();
});

test('a lost server is reported once, whichever question finds it first', async () => {
  const { page } = await dashboard.open('/pipeline');
  const status = page.getByRole('status');
  await status.filter({ hasText: 'live' }).waitFor();
  // The question why the stream broke gets no answer, so that the view's own questions fail before it.
  let held = 0;
  await page.route('**/api/pipeline', () => {
    held += 1;
  });
  await dashboard.stop();
  await eventually(async () => held, 1);
  await page.getByRole('link', { name: 'Overview', exact: true }).click();
  await page.getByRole('alert').first().waitFor();
  expect(await page.getByRole('alert').allTextContents()).toEqual([
    expect.stringMatching(/^The dashboard does not answer.*make dashboard/),
  ]);
  await page.unroute('**/api/pipeline');
  await dashboard.startAgain();
  await status.filter({ hasText: 'live' }).waitFor();
  await eventually(() => page.getByRole('alert').count(), 0);
});
