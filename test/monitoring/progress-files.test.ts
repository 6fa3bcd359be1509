import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  ProgressFile,
  progressFolder,
  type RunningStage,
  runningStages,
} from '../../monitoring/progress-files.ts';
import { waitFor } from '../wait-for.ts';

let home: string;
let folder: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'progress-'));
  folder = progressFolder(home, 'electronics');
});
afterEach(() => rm(home, { recursive: true }));

const MODEL: RunningStage = { stage: 'model', share: 0.5 };
const INGEST: RunningStage = { stage: 'ingest', share: null };
const running = () => runningStages(folder);

test('a job is seen from its first second to its end, and several are seen together', async () => {
  let stages = [MODEL];
  const one = new ProgressFile(folder, () => stages);
  expect(await running()).toEqual([]);
  expect(await waitFor(running, ({ length }) => length > 0)).toEqual([MODEL]);
  const other = new ProgressFile(folder, () => [INGEST]);
  await waitFor(running, ({ length }) => length === 2);
  stages = [];
  await waitFor(running, ({ length }) => length === 1);
  one.end();
  expect(await running()).toEqual([INGEST]);
  other.end();
  expect(await readdir(folder)).toEqual([]);
  await sleep(1100);
  expect(await readdir(folder)).toEqual([]);
});

test('a job of less than a second leaves nothing', async () => {
  new ProgressFile(folder, () => [MODEL]).end();
  await sleep(1100);
  expect(await readdir(home)).toEqual([]);
});

test('a file that is not renewed is not believed, and the next job removes it', async () => {
  const first = new ProgressFile(folder, () => [MODEL]);
  await waitFor(running, ({ length }) => length > 0);
  const [left = ''] = await readdir(folder);
  first.end();
  await writeFile(join(folder, left), JSON.stringify([MODEL]));
  expect(await running()).toEqual([MODEL]);
  const before = (Date.now() - 6000) / 1000;
  await utimes(join(folder, left), before, before);
  expect(await running()).toEqual([]);
  const next = new ProgressFile(folder, () => [INGEST]);
  await waitFor(running, ({ length }) => length > 0);
  expect(await readdir(folder)).not.toContain(left);
  next.end();
});

test('a file of another form says nothing, and hides no other', async () => {
  const job = new ProgressFile(folder, () => [MODEL]);
  await waitFor(running, ({ length }) => length > 0);
  const texts = [
    '',
    '[{"stage":"model"',
    '{}',
    '[{"stage":"sleep","share":1}]',
    '[{"stage":"model","share":7}]',
  ];
  for (const text of texts) {
    await writeFile(join(folder, 'other.json'), text);
    expect(await running()).toEqual([MODEL]);
  }
  job.end();
});

test('a job continues where it cannot write', async () => {
  await writeFile(join(home, 'progress'), '');
  const job = new ProgressFile(folder, () => [MODEL]);
  await sleep(1100);
  expect(await running()).toEqual([]);
  job.end();
});
