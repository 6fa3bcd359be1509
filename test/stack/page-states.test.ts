import { afterEach, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { json } from './end-to-end-environment.ts';
import { type Dashboard, eventually, openDashboard } from './page-environment.ts';

jest.setTimeout(180_000);

const VIEWS = ['Overview', 'Customers', 'Pipeline', 'Lake'];

let dashboard: Dashboard;
afterEach(() => dashboard?.close());

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

test('an empty lake looks the same in each view, and is seen to fill', async () => {
  dashboard = await openDashboard(0);
  const { page } = await dashboard.open('/');
  const texts = await inEachView(page, '[data-note="empty-lake"]');
  expect(texts).toHaveLength(VIEWS.length);
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toMatch(/^The lake is empty.*make run.*make demo/);
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.getByRole('link', { name: 'Customers', exact: true }).click();
  const { environment, file } = dashboard;
  await json(environment, ['generate', '--rows', '300', '--seed', '7', '--out', file]);
  await json(environment, ['run', '--file', file]);
  await page.locator('tbody tr').first().waitFor();
  for (const view of VIEWS) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
    await eventually(() => page.locator('[data-note="empty-lake"]').count(), 0);
  }
  await page.getByRole('button', { name: /^events/ }).waitFor();
});

test('a lost server looks the same in each view, and is found again', async () => {
  dashboard = await openDashboard(300);
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
