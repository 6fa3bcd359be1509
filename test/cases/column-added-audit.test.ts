import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from '../cli/fixtures.ts';

const COLUMNS = [
  '{name: ts, type: timestamp, required: true}',
  '{name: user_id, type: string, required: true}',
  '{name: n, type: int64}',
];
const EXTRA = '{name: extra, type: string}';

let home: Home;
beforeAll(async () => {
  home = await Home.create();
  await mkdir(join(home.folder, 'config', 'cum'), { recursive: true });
  await home.put('a.csv', 'ts,user_id,n\n2024-01-01T00:00:00Z,a,1\n2024-01-02T00:00:00Z,b,\n');
  await home.put('b.csv', 'ts,user_id,n,extra\n2024-01-03T00:00:00Z,c,2,x\n');
});
afterAll(() => rm(home.folder, { recursive: true }));

const contract = (columns: readonly string[]) =>
  home.put(
    'config/cum/dataset.yml',
    `name: cum\nkey: user_id\ntime: ts\ncolumns:\n${columns.map((column) => `  - ${column}\n`).join('')}`,
  );
const eventlake = (...args: string[]) => home.run(args, { EVENTLAKE_DATASETS: join(home.folder, 'config') });

test('an optional column is added by the next commit, and everything reads before and after it', async () => {
  await contract(COLUMNS);
  expect((await eventlake('run', 'cum', '--file', 'a.csv')).code).toBe(0);

  await contract([...COLUMNS, EXTRA]);
  const before = await eventlake('audit', 'cum', '--json');
  expect(JSON.parse(before.stdout)).toMatchObject({ balanced: true, lake: { events: 2, duplicates: 0 } });
  expect((await eventlake('process', 'cum')).code).toBe(0);

  expect((await eventlake('run', 'cum', '--file', 'b.csv')).code).toBe(0);
  const after = await eventlake('audit', 'cum', '--json');
  expect(JSON.parse(after.stdout)).toMatchObject({ balanced: true, lake: { events: 3, duplicates: 0 } });
});

test.each([
  ['a removed column', [...COLUMNS.slice(0, 2), EXTRA], 'it has a column n that is not written any more'],
  [
    'another type',
    [...COLUMNS.slice(0, 2), '{name: n, type: string}', EXTRA],
    'column n is long there and string here',
  ],
  [
    'a required column that was optional',
    [...COLUMNS.slice(0, 2), '{name: n, type: int64, required: true}', EXTRA],
    'column n has no value in earlier events, and is required by the contract',
  ],
  [
    'a new required column',
    [...COLUMNS, EXTRA, '{name: more, type: string, required: true}'],
    'column more has no value in earlier events, and is required by the contract',
  ],
])('%s is refused, with what to do', async (_what, columns, message) => {
  await contract(columns);
  await home.put('c.csv', 'ts,user_id,n,extra,more\n2024-01-04T00:00:00Z,d,3,y,z\n');
  await eventlake('ingest', 'cum', '--file', 'c.csv');
  const { code, stderr } = await eventlake('process', 'cum');
  expect(code).not.toBe(0);
  expect(stderr).toContain(`table cum/events: ${message} [lake:schema_mismatch]`);
  expect(stderr).toContain('reset the dataset');
  expect((await eventlake('audit', 'cum')).stderr).not.toContain('fault of eventlake');
});
