import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FILE, Home } from './fixtures.ts';

const HEADER = FILE.slice(0, FILE.indexOf('\n') + 1);
const row = (user: number) => `2020-10-31 12:00:00 UTC,view,1,2,,asus,1.00,${user},s\n`;

let home: Home;
beforeAll(async () => {
  home = await Home.create();
  await mkdir(join(home.folder, 'folder'));
  for (const [i, name] of ['a.csv', 'b.csv', 'folder/c.csv'].entries())
    await home.put(name, HEADER + row(i) + row(i + 10));
});
afterAll(() => rm(home.folder, { recursive: true }));

async function ingested(args: readonly string[]) {
  const { code, stdout, stderr } = await home.run(['ingest', 'electronics', '--json', ...args], {
    EVENTLAKE_HOME: join(home.folder, `home-${args.join('-').replaceAll(/\W/g, '')}`),
  });
  return { code, stderr, report: code === 0 ? JSON.parse(stdout) : null };
}

test.each([
  [
    ['--file', 'a.csv', '--file', 'b.csv'],
    ['a.csv', 'b.csv'],
  ],
  [
    ['a.csv', 'folder/c.csv'],
    ['a.csv', 'folder/c.csv'],
  ],
  [
    ['--file', '*.csv', 'a.csv'],
    ['a.csv', 'b.csv'],
  ],
  [['**/*.csv'], ['a.csv', 'b.csv', 'folder/c.csv']],
])('ingest %j takes every file, each once', async (args, files) => {
  const { code, report } = await ingested(args);
  expect(code).toBe(0);
  expect(report).toMatchObject({ outcome: 'ingested', rows: 2 * files.length, deadLetters: 0 });
  expect(report.files.map((file: { entry: { file: string } }) => file.entry.file)).toEqual(files);
});

test.each([
  ['-', 2, 'standard input cannot be ingested'],
  ['/dev/stdin', 2, 'standard input cannot be ingested'],
  ['folder', 2, "folder is a folder\n  → Name its files: --file 'folder/*.csv'"],
  ['missing-*.csv', 2, 'No file matches missing-*.csv'],
  ['', 2, 'The name of the file (--file) is empty'],
  ['missing.csv', 1, 'There is no file missing.csv'],
])('%s is refused by name, and nothing is ingested', async (name, code, message) => {
  const outcome = await ingested(['a.csv', name]);
  expect(outcome.code).toBe(code);
  expect(outcome.stderr.replaceAll(/ \[[a-z_:]+\]/g, '')).toContain(message);
});

test('run takes several files too, and says what became of each', async () => {
  const { code, stdout } = await home.run(['run', '--file', 'a.csv', '--file', 'b.csv'], {
    EVENTLAKE_HOME: join(home.folder, 'home-run'),
  });
  expect(code).toBe(0);
  expect(stdout).toContain('2 rows of a.csv are in the log\n         2 rows');
  expect(stdout).toMatch(/files +rows +4\n +log +events +4\n/);
});
