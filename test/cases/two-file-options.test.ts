import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Home } from '../cli/fixtures.ts';
import { homeOfCum, runCum } from './cum.ts';

let home: Home;
beforeAll(async () => {
  home = await homeOfCum();
  await mkdir(join(home.folder, 'in'));
  await home.put('in/a.csv', 'ts,user_id,n\n2024-01-01T00:00:00Z,a,1\n');
  await home.put('in/b.csv', 'ts,user_id,n\n2024-01-01T00:00:00Z,b,2\n');
});
afterAll(() => rm(home.folder, { recursive: true }));

test.each([
  ['two options', ['--file', 'in/a.csv', '--file', 'in/b.csv']],
  ['a pattern', ['--file', 'in/*.csv']],
])('%s ingest both files', async (what, files) => {
  const { code, stdout } = await runCum(home, ['run', 'cum', ...files, '--json'], what);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).audit).toMatchObject({ balanced: true, lake: { events: 2, rejected: {} } });
});

test('two arguments ingest both files', async () => {
  const { code, stdout } = await runCum(home, ['ingest', 'cum', 'in/a.csv', 'in/b.csv'], 'arguments');
  expect(code).toBe(0);
  expect(stdout).toMatch(/a\.csv[\s\S]*b\.csv/);
});

test.each([
  ['a folder', 'in'],
  ['standard input', '-'],
])('%s is taken or refused by name', async (_what, file) => {
  const { code, stderr } = await runCum(home, ['ingest', 'cum', '--file', file], 'refused');
  expect(code).not.toBe(0);
  expect(stderr).toContain(file);
});
