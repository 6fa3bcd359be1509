import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Admin, Kafka } from 'kafkajs';
import type { AuditReport } from '../../inspection/audit.ts';
import { type Progress, progressOf } from '../crash/progress.ts';
import { askOracle } from '../oracle/compare.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  outcomeOf,
  putToRest,
  realServers,
  start,
} from './end-to-end-environment.ts';

jest.setTimeout(420_000);

const FILE = 'events.csv';
const ROWS = 20_000;
const PARTITIONS = 4;

let source: Environment;
beforeAll(async () => {
  source = await embedded();
  const args = ['--rows', `${ROWS}`, '--seed', '9', '--dirty', '0.01', '--out', FILE];
  await json(source, ['generate', ...args]);
});
afterAll(() => source.remove());

const opened: Environment[] = [];
async function fresh(open: () => Promise<Environment>): Promise<Environment> {
  const environment = await open();
  opened.push(environment);
  await copyFile(join(source.folder, FILE), join(environment.folder, FILE));
  return environment;
}
afterEach(async () => {
  for (const environment of opened.splice(0)) await environment.remove();
});

/** The stores hold the file's rows once, and the audit balances. */
async function expectAll(environment: Environment): Promise<void> {
  const { folder, lake, index } = environment;
  const ingestions = [{ file: join(folder, FILE), name: FILE }];
  const oracle = await askOracle({ ingestions, partitions: PARTITIONS, lake, index });
  expect(oracle.differences).toEqual([]);
  expect(await json<AuditReport>(environment, ['audit'])).toMatchObject({ balanced: true, differences: [] });
}

async function reach(what: () => Promise<number>, least: number): Promise<void> {
  const deadline = Date.now() + 180_000;
  while ((await what()) < least) {
    if (Date.now() > deadline) throw new Error(`not ${least} within three minutes`);
    await sleep(20);
  }
}

describe('several process at once', () => {
  let environment: Environment;
  let progress: Progress;
  const children: ChildProcess[] = [];
  const process = (...args: string[]) => {
    const child = start(environment, ['process', ...args], { BATCH_ROWS: '500' });
    children.push(child);
    return child;
  };

  beforeEach(async () => {
    environment = await fresh(realServers);
    await json(environment, ['ingest', '--file', FILE, '--batch-size', '500']);
    progress = await progressOf(environment);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await progress.close();
  });

  test('three share the partitions, and two finish the work of one that is killed', async () => {
    const workers = [process(), process(), process()];
    const outcomes = workers.map(outcomeOf);
    await reach(progress.commits, 6);
    expect(workers[1]?.kill('SIGKILL')).toBe(true);
    const [one, killed, three] = await Promise.all(outcomes);
    expect(killed?.code).toBe(null);
    expect(one).toMatchObject({ code: 0 });
    expect(three).toMatchObject({ code: 0 });
    await expectAll(environment);
  });

  test('--follow takes in what comes, and ends with its batch on SIGTERM', async () => {
    const worker = process('--follow');
    const outcome = outcomeOf(worker);
    await reach(progress.commits, 2);
    worker.kill('SIGTERM');
    expect(await outcome).toMatchObject({ code: 0 });
    const commits = await progress.commits();
    const again = process('--follow');
    const followed = outcomeOf(again);
    await json(environment, ['ingest', '--file', FILE, '--again']);
    const done = async () => ((await eventlake(environment, ['audit'])).code === 0 ? 1 : 0);
    await reach(done, 1);
    again.kill('SIGTERM');
    expect(await followed).toMatchObject({ code: 0 });
    expect(await progress.commits()).toBeGreaterThan(commits);
    const { folder, lake, index } = environment;
    const ingestion = { file: join(folder, FILE), name: FILE };
    const oracle = await askOracle({
      ingestions: [ingestion, ingestion],
      partitions: PARTITIONS,
      lake,
      index,
    });
    expect(oracle.differences).toEqual([]);
  });

  test('two lakes that are fed from one topic each get all of it', async () => {
    const other = await fresh(realServers);
    const KAFKA_TOPIC = environment.variables.KAFKA_TOPIC ?? '';
    const both = [
      start(environment, ['process', '--follow'], { BATCH_ROWS: '500', BATCH_SECONDS: '1' }),
      start(other, ['process', '--follow'], { KAFKA_TOPIC, BATCH_ROWS: '500', BATCH_SECONDS: '1' }),
    ];
    children.push(...both);
    const outcomes = both.map(outcomeOf);
    const balanced = async (where: Environment) =>
      (await eventlake(where, ['audit'], { KAFKA_TOPIC })).code === 0 ? 1 : 0;
    await reach(() => balanced(environment), 1);
    await reach(() => balanced(other), 1);
    for (const child of both) child.kill('SIGTERM');
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ code: 0 });
    await expectAll(environment);
  });

  test('workers of another topic on the same servers do not get in the way', async () => {
    const first = environment;
    const second = await fresh(realServers);
    await json(second, ['ingest', '--file', FILE]);
    const following = start(second, ['process', '--follow']);
    children.push(following);
    const followed = outcomeOf(following);
    await once(following.stderr ?? following, 'data');
    await sleep(1000);
    expect(await outcomeOf(process())).toMatchObject({ code: 0 });
    await expectAll(first);
    following.kill('SIGTERM');
    expect(await followed).toMatchObject({ code: 0 });
  });
});

describe.each([
  ['embedded', embedded],
  ['on real servers', realServers],
])('two ingest of one file at once, %s', (_, open) => {
  test('one is fenced off or finds nothing to do, and every row is in the log once', async () => {
    const environment = await fresh(open);
    const ingest = () => eventlake(environment, ['ingest', '--file', FILE, '--batch-size', '100']);
    const outcomes = await Promise.all([ingest(), sleep(150).then(ingest)]);
    const fenced = outcomes.filter(({ code, stderr }) => code === 1 && stderr.includes('[log:fenced]'));
    const fine = outcomes.filter(({ code }) => code === 0);
    const idle = fine.filter(({ stdout }) => stdout.includes('nothing new'));
    expect(fenced.length + fine.length).toBe(2);
    expect(fenced.length + idle.length).toBe(1);
    expect(await eventlake(environment, ['ingest', '--file', FILE])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing new'),
    });
    await json(environment, ['process']);
    await expectAll(environment);
  });
});

describe('what Kafka may hold', () => {
  let environment: Environment;
  let admin: Admin;

  beforeEach(async () => {
    environment = await fresh(realServers);
    const { brokers = [] } = environment.kafka ?? {};
    admin = new Kafka({ brokers, logLevel: 0 }).admin();
    await admin.connect();
  });
  afterEach(() => admin.disconnect());

  const topic = () => environment.kafka?.topic ?? '';

  test('no topics at all: process and audit end by themselves', async () => {
    expect(await eventlake(environment, ['process'])).toMatchObject({ code: 0 });
    expect(await json<AuditReport>(environment, ['audit'])).toMatchObject({
      balanced: true,
      file: { rows: 0 },
    });
  });

  test('empty partitions, and an empty file', async () => {
    const header = (await readFile(join(environment.folder, FILE), 'utf8')).split('\n').slice(0, 2);
    await writeFile(join(environment.folder, 'one.csv'), header.join('\n'));
    await putToRest(join(environment.folder, 'one.csv'));
    await writeFile(join(environment.folder, 'header.csv'), `${header[0]}\n`);
    await writeFile(join(environment.folder, 'empty.csv'), '');
    for (const file of ['empty.csv', 'header.csv', 'one.csv']) {
      expect(await eventlake(environment, ['run', '--file', file])).toMatchObject({ code: 0 });
    }
    const { folder, lake, index } = environment;
    const ingestions = [{ file: join(folder, 'one.csv'), name: 'one.csv' }];
    const oracle = await askOracle({ ingestions, partitions: PARTITIONS, lake, index });
    expect(oracle.differences).toEqual([]);
  });

  test('partitions that do not begin at 0: what is left is processed, and the audit says so', async () => {
    await json(environment, ['ingest', '--file', FILE, '--batch-size', '500']);
    const ends = await admin.fetchTopicOffsets(topic());
    const cut = ends.map(({ partition, high }) => ({
      partition,
      offset: `${partition === 3 ? high : Math.floor(Number(high) / (partition + 2))}`,
    }));
    await admin.deleteTopicRecords({ topic: topic(), partitions: cut });
    expect(await eventlake(environment, ['process'])).toMatchObject({ code: 0 });
    const report = await json<AuditReport>(environment, ['audit'], 3);
    expect(report.differences).toEqual([expect.stringMatching(/^rows of the files/)]);
    for (const { partition, offset } of cut) {
      expect(report.notes).toContainEqual(
        expect.stringContaining(`events/${partition} begins at offset ${offset}`),
      );
    }
    const rejected = Object.values(report.lake.rejected).reduce((sum, n) => sum + n, 0);
    expect(report.log.events + report.log.deadLetters).toBe(report.lake.events + rejected);
    expect(report.log.events).toBeGreaterThan(0);
  });

  test('records that retention removes after they were archived stay in the balance', async () => {
    await json(environment, ['run', '--file', FILE]);
    const ends = await admin.fetchTopicOffsets(topic());
    const cut = ends.map(({ partition, high }) => ({
      partition,
      offset: `${partition % 2 === 0 ? high : Math.floor(Number(high) / 2)}`,
    }));
    await admin.deleteTopicRecords({ topic: topic(), partitions: cut });
    const report = await json<AuditReport>(environment, ['audit']);
    expect(report).toMatchObject({ balanced: true, file: { rows: ROWS } });
    expect(report.log.removed).toBeGreaterThan(0);
    expect(report.log.events + report.log.deadLetters + report.log.removed).toBe(ROWS);
    expect(report.notes).toHaveLength(PARTITIONS);
    expect(await eventlake(environment, ['process'])).toMatchObject({ code: 0 });
  });

  test.each([
    ['some of what was not archived', 10],
    ['all of it', 0],
  ])('retention that removes %s is an error, not a gap', async (_what, left) => {
    await json(environment, ['run', '--file', FILE, '--limit', '5000']);
    await json(environment, ['ingest', '--file', FILE]);
    const ends = await admin.fetchTopicOffsets(topic());
    const cut = ends.map(({ partition, high }) => ({ partition, offset: `${Number(high) - left}` }));
    await admin.deleteTopicRecords({ topic: topic(), partitions: cut });
    const outcome = await eventlake(environment, ['process']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('[log:offsets_missing]');
  });
});
