import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { CheckReport } from '../../inspection/check-data.ts';
import { askOracle, python } from '../oracle/compare.ts';
import { type Environment, embedded, json, putToRest } from './end-to-end-environment.ts';

jest.setTimeout(120_000);

const PARTITIONS = 3;
const MUTATE = join(import.meta.dirname, '..', 'oracle', 'mutate.py');

const COLUMNS = 'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session';

const VARIANTS = [
  [],
  ['bom'],
  ['crlf'],
  ['reorder'],
  ['extra'],
  ['unended'],
  ['gzip'],
  ['bom', 'crlf', 'reorder', 'extra', 'unended', 'gzip'],
];

describe('files with bytes changed at random', () => {
  let environment: Environment;
  let clean: string;

  beforeAll(async () => {
    environment = await embedded();
    clean = join(environment.folder, 'clean.csv');
    await json(environment, ['generate', '--rows', '3000', '--seed', '3', '--out', clean]);
  });
  afterAll(() => environment.remove());

  test.each(VARIANTS.map((variant, i) => ({ variant, seed: i + 1 })))(
    'seed $seed: $variant',
    async ({ variant, seed }) => {
      const name = `changed-${seed}.csv`;
      const file = join(environment.folder, name);
      await promisify(execFile)(python(), [MUTATE, clean, file, `${seed}`, '0.5', ...variant]);
      await putToRest(file);
      const home = join(environment.folder, `home-${seed}`);
      const own = {
        ...environment,
        variables: {
          EVENTLAKE_HOME: home,
          KAFKA_PARTITIONS: `${PARTITIONS}`,
          BATCH_ROWS: '900',
          // Far from UTC, and not by whole hours.
          TZ: 'Asia/Kathmandu',
        },
      };
      await json(own, ['run', '--file', file, '--batch-size', '700']);
      const lake = { uri: join(home, 'lake', 'electronics') };
      const report = await askOracle({
        ingestions: [{ file, name }],
        partitions: PARTITIONS,
        lake,
        index: null,
      });
      expect(report.differences).toEqual([]);
      const { rows, events, rejected } = report.expected;
      expect(Object.keys(rejected).length).toBeGreaterThan(10);

      const check = await json<CheckReport>(own, ['check-data', '--file', file]);
      expect(check).toMatchObject({ rows, good: events });
      expect(Object.fromEntries(check.findings.map(({ reason, rows }) => [reason, rows]))).toEqual(rejected);
    },
  );

  test('lines and records as long as they may be, and longer', async () => {
    const limit = 131_072;
    const [head, tail] = ['2020-09-25 09:53:18 UTC,view,1,2,,', ',1.00,1515915625353989814,s'];
    const lines = [COLUMNS];
    for (const size of [limit - 1, limit, limit + 1, 2 * limit]) {
      for (const ending of ['', '\r']) {
        // With the carriage return, which counts.
        const length = size - head.length - tail.length - ending.length;
        for (const brand of [
          'x'.repeat(length),
          `"${'x'.repeat(length - 2)}"`,
          `"a\n${'x'.repeat(length - 4)}"`,
        ]) {
          lines.push(head + brand + tail + ending, `${head}in between${tail}`);
        }
      }
    }
    const name = 'long.csv';
    const file = join(environment.folder, name);
    await writeFile(file, lines.join('\n'));
    await putToRest(file);
    const home = join(environment.folder, 'home-long');
    await json({ ...environment, variables: { EVENTLAKE_HOME: home } }, ['run', '--file', file]);
    const lake = { uri: join(home, 'lake', 'electronics') };
    const report = await askOracle({ ingestions: [{ file, name }], partitions: 4, lake, index: null });
    expect(report.differences).toEqual([]);
    // Two sizes with two endings in three ways, and all in between.
    expect(report.expected.events).toBe(2 * 2 * 3 + 24);
  });
});
