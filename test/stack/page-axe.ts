import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/**
 * Has every page of the context run axe. The page's own policy forbids scripts from elsewhere; what the
 * browser is told to run first is not under it.
 */
export async function withAxe(context: BrowserContext): Promise<void> {
  await context.addInitScript(await readFile(AXE, 'utf8'));
}

/** What axe finds serious or critical on the page. */
export async function seriousFaults(page: Page): Promise<string[]> {
  const results: AxeResults = await page.evaluate('axe.run(document)');
  expect(results.passes.length).toBeGreaterThan(10);
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id} ${node.target.join(' ')}: ${node.failureSummary}`),
    );
}

/** How many pixels the page is wider than its window. */
export function overhang(page: Page): Promise<number> {
  return page.locator('html').evaluate((html) => Math.max(0, html.scrollWidth - html.clientWidth));
}
