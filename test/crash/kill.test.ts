import { execFileSync } from 'node:child_process';
import { copyFile, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Random } from '../../generator/random.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import { askOracle, python } from '../oracle/compare.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  realServers,
  start,
} from '../stack/end-to-end-environment.ts';
import { type Kill, killUntilDone } from './kills.ts';
import { type Progress, progressOf } from './progress.ts';

jest.setTimeout(300_000);

const FILE = 'crash.csv';
const ROWS = 30_000;
const KILLS = 22;
const LEAST_KILLS = 20;
const ROUNDS = 4;

let undisturbed: Environment;

beforeAll(async () => {
  undisturbed = await embedded();
  const args = ['--rows', `${ROWS}`, '--seed', '5', '--dirty', '0.02', '--out', FILE];
  await json(undisturbed, ['generate', ...args]);
  await json(undisturbed, ['run', '--file', FILE]);
});
afterAll(() => undisturbed.remove());

/**
 * Times are as measured on two cores: how long a process takes to its first commit, and from one commit to
 * the next. Batches are so small that there are more than twice as many commits as the kills use up: a
 * machine several times as fast or as slow must not run out of work.
 */
describe.each([
  {
    name: 'embedded',
    open: embedded,
    startMs: 900,
    ingest: { rows: 60, opening: 1, pauseMs: 8 },
    process: { rows: 250, pauseMs: 100 },
    model: { pauseMs: 200 },
  },
  {
    name: 'on real servers',
    open: realServers,
    startMs: 1500,
    ingest: { rows: 100, opening: 0, pauseMs: 40 },
    process: { rows: 250, pauseMs: 100 },
    model: { pauseMs: 500 },
  },
])('killed again and again, $name', ({ name, open, startMs, ingest, process, model }) => {
  let environment: Environment;
  let progress: Progress;

  beforeAll(async () => {
    environment = await open();
    await copyFile(join(undisturbed.folder, FILE), join(environment.folder, FILE));
    progress = await progressOf(environment);
  });
  afterAll(async () => {
    await progress.close();
    await environment.remove();
  });

  test('ingest brings every row into the log once', async () => {
    const kills = await killUntilDone({
      start: () => start(environment, ['ingest', '--file', FILE, '--batch-size', `${ingest.rows}`]),
      progress: progress.chunks,
      random: new Random(1, 0),
      opening: ingest.opening,
      kills: KILLS,
      commits: 3,
      pauseMs: ingest.pauseMs,
      startUpMs: startMs,
      startUpEvery: 6,
    });
    report(`${name}, ingest`, kills, ingest.opening, await progress.chunks());
  });

  test('process brings every record into the lake once', async () => {
    const variables = { BATCH_ROWS: `${process.rows}` };
    const kills = await killUntilDone({
      start: () => start(environment, ['process'], variables),
      progress: progress.commits,
      random: new Random(2, 0),
      opening: 0,
      kills: KILLS,
      commits: 2,
      pauseMs: process.pauseMs,
      startUpMs: startMs,
      startUpEvery: 6,
    });
    report(`${name}, process`, kills, 0, await progress.commits());
  });

  test('nothing is lost, and nothing is there twice', async () => {
    const audit = await json<AuditReport>(environment, ['audit']);
    expect(audit).toMatchObject({ balanced: true, differences: [], file: { rows: ROWS } });
    const { lake, index } = environment;
    const oracle = await askOracle({
      ingestions: [{ file: join(environment.folder, FILE), name: FILE }],
      partitions: 4,
      lake,
      index,
    });
    expect(oracle.differences).toEqual([]);
    expect(differences(undisturbed, environment)).toEqual([]);
  });

  test('model and publish, killed in their midst, are made up for by the next process', async () => {
    const ingestions = [{ file: join(environment.folder, FILE), name: FILE }];
    let met = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const more = `more-${round}.csv`;
      await json(environment, ['generate', '--rows', '500', '--seed', `${round}`, '--out', more]);
      await json(environment, ['ingest', '--file', more]);
      ingestions.push({ file: join(environment.folder, more), name: more });
      const kills = await killUntilDone({
        start: () => start(environment, ['process']),
        progress: progress.commits,
        random: new Random(3, round),
        // The archive's two tables.
        opening: 1,
        kills: 1,
        commits: 1,
        pauseMs: model.pauseMs,
        startUpMs: startMs,
        startUpEvery: Number.MAX_SAFE_INTEGER,
      });
      met += kills.length;
    }
    expect(met).toBeGreaterThanOrEqual(ROUNDS / 2);
    const { lake, index } = environment;
    expect((await askOracle({ ingestions, partitions: 4, lake, index })).differences).toEqual([]);
    expect(await json<AuditReport>(environment, ['audit'])).toMatchObject({ balanced: true });
  });

  test('what killed processes left in the temporary folder is removed a day later', async () => {
    const temporary = join(environment.variables.EVENTLAKE_HOME ?? '', 'tmp');
    const left = await readdir(temporary);
    expect(left.length).toBeGreaterThan(0);
    const before = new Date(Date.now() - 25 * 3_600_000);
    for (const name of left.slice(1)) await utimes(join(temporary, name), before, before);
    expect(await eventlake(environment, ['process'])).toMatchObject({ code: 0 });
    expect(await readdir(temporary)).toEqual(left.slice(0, 1));
  });
});

/** Most kills must have met a process that had committed something; the few at start-up seldom do. */
function report(what: string, kills: Kill[], opening: number, end: number): void {
  const progressed = kills.filter(({ before, after }) => after > before + opening).length;
  const places = kills.map(({ aim, after }) => (aim === 'start-up' ? `(${after})` : after)).join(' ');
  console.log(
    `${what}: ${kills.length} kills, ${progressed} after commits of the process; killed at ${places} of ${end} commits`,
  );
  expect(kills.length).toBeGreaterThanOrEqual(LEAST_KILLS);
  expect(progressed).toBeGreaterThanOrEqual(kills.length * 0.6);
  expect(new Set(kills.map(({ after }) => after)).size).toBeGreaterThan(10);
}

function differences(one: Environment, two: Environment): string[] {
  const input = JSON.stringify({ one: one.lake, two: two.lake });
  return JSON.parse(
    execFileSync(python(), [join(import.meta.dirname, 'same_tables.py')], { input, encoding: 'utf8' }),
  );
}
