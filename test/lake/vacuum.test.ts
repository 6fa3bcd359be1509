import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import { DeltaTable } from '../../lake/table.ts';
import { removeOrphans } from '../../lake/vacuum.ts';
import { append, dataFiles, someFile } from './model.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let folder: string;
let store: FileObjectStore;
let table: DeltaTable;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lake-'));
  store = new FileObjectStore(join(folder, 'store'));
  table = new DeltaTable(store, 'events');
});
afterEach(async () => {
  jest.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const yesterday = () => new Date(Date.now() - DAY);

async function put(path: string, ageMs: number): Promise<void> {
  await store.put(`events/${path}`, Buffer.from('12345'));
  const then = new Date(Date.now() - ageMs);
  await utimes(store.pathOf(`events/${path}`), then, then);
}

test('removes files that no commit names once they are older than a day, and nothing else', async () => {
  const made = await table.commit(append(null, { add: [await someFile(folder, 1, '2020-10')] }));
  const named = `events/${made.files[0]?.path}`;
  await utimes(store.pathOf(named), new Date(0), new Date(0));
  await put('month=2020-10/part-old.zstd.parquet', 25 * HOUR);
  await put('part-old.zstd.parquet', 25 * HOUR);
  await put('_month=2020-10/part-old.parquet', 25 * HOUR);
  await put('month=2020-10/part-young.zstd.parquet', 23 * HOUR);
  await put('_delta_log/00000000000000000007.tmp', 25 * HOUR);
  await put('_change_data/cdc.parquet', 25 * HOUR);
  await put('month=2020-10/.part-old.crc', 25 * HOUR);
  await store.put('events2/part-x.parquet', Buffer.from('x'));
  expect(await removeOrphans(new DeltaTable(store, 'events'), yesterday())).toEqual({ files: 3, bytes: 15 });
  expect((await dataFiles(store, 'events')).toSorted()).toEqual(
    [
      named,
      'events/_change_data/cdc.parquet',
      'events/month=2020-10/.part-old.crc',
      'events/month=2020-10/part-young.zstd.parquet',
    ].toSorted(),
  );
  expect(await store.get('events2/part-x.parquet')).toBeDefined();
  expect(await store.get('events/_delta_log/00000000000000000007.tmp')).toBeDefined();
  expect(await removeOrphans(table, yesterday())).toEqual({ files: 0, bytes: 0 });
});

test('keeps a replaced file for 7 days, for readers of older versions', async () => {
  const made = await table.commit(append(null, { add: [await someFile(folder, 1)] }));
  const replaced = await table.commit(append(made, { add: [await someFile(folder, 2)], remove: 'all' }));
  const [before, after] = [made, replaced].map(({ files }) => `events/${files[0]?.path}`);
  for (const key of [before, after]) await utimes(store.pathOf(key ?? ''), new Date(0), new Date(0));
  const now = Date.now();
  jest.spyOn(Date, 'now').mockReturnValue(now + 7 * DAY - HOUR);
  await removeOrphans(table, yesterday());
  expect(new Set(await dataFiles(store, 'events'))).toEqual(new Set([before, after]));
  jest.spyOn(Date, 'now').mockReturnValue(now + 7 * DAY + HOUR);
  expect((await removeOrphans(table, yesterday())).files).toBe(1);
  expect(await dataFiles(store, 'events')).toEqual([after]);
});

test('a folder without a table, or with nothing in it', async () => {
  expect(await removeOrphans(table, yesterday())).toEqual({ files: 0, bytes: 0 });
  await put('part-old.parquet', 25 * HOUR);
  await put('part-young.parquet', HOUR);
  expect((await removeOrphans(table, yesterday())).files).toBe(1);
  expect(await dataFiles(store, 'events')).toEqual(['events/part-young.parquet']);
});

test('a commit that was held up until its files may be gone is given up', async () => {
  const base = await table.commit(append(null));
  const file = await someFile(folder, 1);
  const now = Date.now();
  jest.spyOn(store, 'putFile').mockImplementation(async () => {
    jest.spyOn(Date, 'now').mockReturnValue(now + 13 * HOUR);
  });
  await expect(table.commit(append(base, { add: [file] }))).rejects.toMatchObject({
    code: 'lake:superseded',
  });
  expect((await new DeltaTable(store, 'events').snapshot())?.version).toBe(0n);
});

test('removes what a killed engine has left of a batch, its log and its files, but no file that is committed', async () => {
  const batch = 'batch-0d1e';
  const [file] = [await someFile(folder, 1, '2020-10')];
  const stored = { ...file, path: `${batch}/month=2020-10/part-1.parquet` };
  await put(stored.path, 30 * HOUR);
  const { localPath: _, ...add } = stored;
  await table.commit(append(null, { add: [add] }));
  await put(`${batch}/_delta_log/00000000000000000000.json`, 25 * HOUR);
  await put('batch-2f3a/_delta_log/00000000000000000000.json', 25 * HOUR);
  await put('batch-2f3a/month=2020-10/part-1.parquet', 25 * HOUR);
  await put('batch-4b5c/_delta_log/00000000000000000000.json', 23 * HOUR);
  await put('batch-4b5c/month=2020-10/part-1.parquet', 23 * HOUR);
  expect(await removeOrphans(new DeltaTable(store, 'events'), yesterday())).toEqual({ files: 3, bytes: 15 });
  const left: string[] = [];
  for await (const { key } of store.list('events/batch-')) left.push(key);
  expect(left).toEqual([
    `events/${stored.path}`,
    'events/batch-4b5c/_delta_log/00000000000000000000.json',
    'events/batch-4b5c/month=2020-10/part-1.parquet',
  ]);
});
