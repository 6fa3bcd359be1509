import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Home } from '../cli/fixtures.ts';
import { homeOfCum, runCum } from './cum.ts';

let home: Home;
beforeAll(async () => {
  home = await homeOfCum();
  await home.put('header.csv', 'ts,user_id,\x1b[31mevil\n2024-01-01T00:00:00Z,u,1\n');
  await home.put('header_unknown.csv', '\x1b]0;title\x07ts;user_id\n');
  await home.put('\x1b[31mred.csv', 'ts,user_id,n\n2024-01-01T00:00:00Z,u,x\n');
});
afterAll(() => rm(home.folder, { recursive: true }));

test.each([
  ['the names in a header', ['check-data', 'cum', '--file', 'header.csv'], 0, '\\u001b[31mevil'],
  [
    'the hint of a header',
    ['check-data', 'cum', '--file', 'header_unknown.csv'],
    1,
    '\\u001b]0;title\\u0007ts',
  ],
  ['the name of a file', ['run', 'cum', '--file', '\x1b[31mred.csv'], 0, '\\u001b[31mred.csv:2'],
  ['the file of a rejected row', ['rejected', 'cum'], 0, '\\u001b[31mred.csv:2'],
  ['the file of an ingestion', ['status', 'cum'], 0, '\\u001b[31mred.csv'],
])('%s reaches the terminal without its control characters', async (_what, args, code, shown) => {
  const left = await runCum(home, args);
  const said = left.stdout + left.stderr;
  expect(said).toContain(shown);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
  expect(said).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  expect(left.code).toBe(code);
});
