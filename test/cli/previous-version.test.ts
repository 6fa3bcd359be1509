import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from './fixtures.ts';

const PREVIOUS = join(import.meta.dirname, '../fixtures/previous-version');

let home: Home;
let file: string;
beforeAll(async () => {
  home = await Home.create();
  await cp(join(PREVIOUS, 'home'), join(home.folder, 'home'), { recursive: true });
  const first = await readFile(join(PREVIOUS, 'first.csv'), 'utf8');
  file = await home.put(
    'grown.csv',
    `${first}2020-11-01 00:00:00 UTC,purchase,2,2144415922528452715,,,5.00,2,\n2020-11-01 00:00:01 UTC,view,4,2144415922528452715,,,7.00,4,\n`,
  );
});
afterAll(() => rm(home.folder, { recursive: true }));

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await home.run([...args, '--json']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

test('a log and a lake that the version before wrote are read as they are', async () => {
  expect(await json('audit', 'electronics')).toMatchObject({
    balanced: true,
    file: { rows: 7 },
    lake: { events: 5, duplicates: 1, rejected: { 'line:wrong_field_count': 1, 'price:not_a_number': 1 } },
    profiles: { users: 3, events: 4, totalSpent: '31.90' },
  });
  expect(await json('profile', 'electronics', '2')).toMatchObject({ segment: 'cart_abandoner' });
});

test('and work without a reset: the same file, grown by two rows, is continued', async () => {
  expect(await json('run', 'electronics', '--file', file)).toMatchObject({
    ingest: { outcome: 'continued', rows: 2 },
    audit: {
      balanced: true,
      file: { rows: 9 },
      lake: { events: 7, duplicates: 1 },
      profiles: { users: 4, events: 6, totalSpent: '36.90' },
    },
  });
  expect(await json('profile', 'electronics', '2')).toMatchObject({ segment: 'buyer' });
  // The profiles had one model then, and have two.
  expect(await json('run', 'electronics', '--file', file)).toMatchObject({
    process: { model: { outcome: 'up_to_date', version: '1', rows: '4' } },
  });
});
