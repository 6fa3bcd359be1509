import { rm, utimes } from 'node:fs/promises';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import type { Home } from '../cli/fixtures.ts';
import { homeOfCum, runCum } from './cum.ts';

const WHILE_WRITTEN = 'ts,user_id,n\n2024-01-01T00:00:00Z,u1,1\n2024-01-01T00:00:01Z,u2,123';
const FINISHED = `${WHILE_WRITTEN}456\n2024-01-01T00:00:02Z,u3,7\n`;
/** An hour, so that it is the time of a file at rest, or of one that is being written. */
const HOUR = 3600;

const homes: Home[] = [];
let home: Home;
beforeEach(async () => {
  home = await homeOfCum();
  homes.push(home);
});
afterAll(() => Promise.all(homes.map(({ folder }) => rm(folder, { recursive: true }))));

/** Writes the file, last changed so many seconds from now. */
async function write(content: string, seconds: number): Promise<void> {
  const time = Date.now() / 1000 + seconds;
  await utimes(await home.put('x.csv', content), time, time);
}

/** How many events the lake has after one more run. */
async function eventsAfter(...args: string[]): Promise<number> {
  const { code, stdout } = await runCum(home, ['run', 'cum', '--file', 'x.csv', '--json', ...args]);
  expect(code).toBe(0);
  return JSON.parse(stdout).audit.lake.events;
}

test('a last line that is being written is left for the next run, which takes it whole', async () => {
  await write(WHILE_WRITTEN, HOUR);
  const { code, stderr } = await runCum(home, ['ingest', 'cum', '--file', 'x.csv']);
  expect(code).toBe(0);
  expect(stderr).toMatch(/x\.csv:3: .*it is left for the next run/);
  expect(await eventsAfter()).toBe(1);
  await write(FINISHED, HOUR);
  expect(await eventsAfter()).toBe(3);
});

test('of a file at rest it is taken; when it continues later, the error names the row and the ways out', async () => {
  await write(WHILE_WRITTEN, -HOUR);
  expect(await eventsAfter()).toBe(2);
  await write(FINISHED, -HOUR);
  const { code, stderr } = await runCum(home, ['run', 'cum', '--file', 'x.csv']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/line 3, continues now\. The lake has a row .*u2,123 \[ingest:file_changed\]/);
  expect(stderr).toMatch(/eventlake reset cum --yes.*--again: the 2 rows .* will be there twice/);
});

test('--complete takes it at once', async () => {
  await write(WHILE_WRITTEN, HOUR);
  expect(await eventsAfter('--complete')).toBe(2);
});
