import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Home } from '../cli/fixtures.ts';
import { homeOfCum } from './cum.ts';

const MODELS = `models:
  - {table: users, sql: users.sql, key: [user_id]}
`;
const MODEL = 'SELECT user_id, count(*) AS events FROM events GROUP BY user_id';
const HEADER = 'ts,user_id,n\n';
const good = (user: number) => `2024-01-01T00:00:00Z,u${user},1\n`;

let home: Home;
beforeAll(async () => {
  home = await homeOfCum(MODELS);
  await home.put('datasets/cum/users.sql', MODEL);
  await home.put('dates.csv', `${HEADER}01.02.2024 00:00,a,1\n02.02.2024 00:00,b,2\n`);
  await home.put('trailing.csv', `${HEADER}2024-01-01T00:00:00Z,a,1,\n2024-01-01T00:00:00Z,b,2,\n`);
  await home.put('third.csv', `${HEADER}${good(1)}${good(2)}2024-01-01T00:00:00Z,c,x\n`);
});
afterAll(() => rm(home.folder, { recursive: true }));

const environment = (name: string) => ({
  EVENTLAKE_HOME: join(home.folder, name),
  EVENTLAKE_DATASETS: join(home.folder, 'datasets'),
});

test('run warns with the reason and an example when every row is rejected, and passes', async () => {
  const { code, stdout, stderr } = await home.run(
    ['run', 'cum', '--file', 'dates.csv'],
    environment('dates'),
  );
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /warning: all 2 rows were rejected: ts:not_a_timestamp, such as .*\(0[12]\.02\.2024 00:00\)/,
  );
  expect(stderr).toContain('See them with: eventlake rejected cum.');
  expect(stdout).toContain('(see: make rejected DATASET=cum)');
});

test('process warns too, and names the line of dead letters', async () => {
  const at = environment('trailing');
  await home.run(['ingest', 'cum', 'trailing.csv'], at);
  const { code, stderr } = await home.run(['process', 'cum'], at);
  expect(code).toBe(0);
  expect(stderr).toMatch(/warning: all 2 rows were rejected: line:[a-z_]+, such as trailing\.csv:2/);
});

test('a third of the rows is no warning, and within --max-rejected', async () => {
  for (const limit of ['34%', '1', '100%']) {
    const at = environment(`within-${limit.replace('%', 'p')}`);
    const args = ['run', 'cum', '--file', 'third.csv', '--max-rejected', limit];
    const { code, stderr } = await home.run(args, at);
    expect(code).toBe(0);
    expect(stderr).not.toContain('warning');
  }
});

test.each(['33.3%', '0'])(
  'above --max-rejected %s nothing is computed, and the rows are kept',
  async (limit) => {
    const at = environment(`above-${limit.replace('%', 'p')}`);
    const args = ['run', 'cum', '--file', 'third.csv', '--max-rejected', limit];
    const { code, stdout, stderr } = await home.run(args, at);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('1 of 3 rows was rejected: n:not_an_integer');
    expect(stderr).toContain('[rejected:too_many]');
    const rejected = await home.run(['rejected', 'cum', '--json'], at);
    expect(JSON.parse(rejected.stdout)).toMatchObject({
      total: 1,
      reasons: [{ reason: 'n:not_an_integer' }],
    });
    const profile = ['profile', 'cum', 'u1'];
    expect((await home.run(profile, at)).code).not.toBe(0);

    // A second run reads no rows: it publishes what is in the lake.
    expect((await home.run(args, at)).code).toBe(0);
    expect((await home.run(profile, at)).code).toBe(0);
  },
);

test.each(['101%', '-1', 'half', '5 %'])('--max-rejected %s is refused', async (limit) => {
  const { code, stderr } = await home.run(['process', 'cum', `--max-rejected=${limit}`], environment('none'));
  expect(code).toBe(2);
  expect(stderr).toContain('--max-rejected');
});
