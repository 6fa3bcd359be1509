import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Block, PAGES, place, ROOT } from './pages.ts';
import { makeWorkspace, runShell } from './workspace.ts';

const BLOCKS = PAGES.flatMap(({ blocks }) => blocks);
/**
 * Not code: output, usage and drawings have no language; JSON is an answer, which `answers.test.ts` compares.
 */
const SHOWN = ['', 'json'];

const name = ({ page, line }: Block) => place(page, line);

let folder: string;
beforeAll(async () => {
  folder = await makeWorkspace();
});
afterAll(() => rm(folder, { recursive: true }));

test('every block of code is run here, or says which test runs it, or why none does', () => {
  const code = BLOCKS.filter(({ language }) => !SHOWN.includes(language));
  expect(code.length).toBeGreaterThan(30);
  expect(code.filter(({ language, mark }) => language !== 'sh' && !mark).map(name)).toEqual([]);
  const tests = BLOCKS.flatMap(({ mark }) => (mark?.kind === 'run by' ? [mark.text] : []));
  expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

const RUN = BLOCKS.filter(({ language, mark }) => language === 'sh' && !mark);

// In the order of the pages, on one folder: each may be typed after the others.
test.each(RUN.map((block) => [name(block), block.text] as const))('%s runs', async (_name, text) => {
  const { status, output } = await runShell(folder, text);
  expect({ status, output }).toMatchObject({ status: 0 });
});
