import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { reportsOf } from '../../config/dataset/reports.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reports-'));
  await mkdir(join(folder, 'reports'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, order: string) =>
  writeFile(join(folder, 'reports', `${name}.sql`), `-- Title.\n${order}SELECT 1 AS one\n`);

test('reports come in the order of their numbers, then by name', async () => {
  await write('a', '');
  await write('b', '-- order: 10\n');
  await write('c', '');
  await write('d', '--order:9 \n');
  await write('e', '-- order: 9\n');
  expect((await reportsOf({ folder })).map(({ name }) => name)).toEqual(['d', 'e', 'b', 'a', 'c']);
});

test.each(['first', '', '-1', '1.5'])('an order of "%s" is rejected, with the file', async (order) => {
  await write('a', `-- order: ${order}\n`);
  await expect(reportsOf({ folder })).rejects.toMatchObject({
    code: 'report:bad_order',
    message: expect.stringContaining(join('reports', 'a.sql')),
  });
});
