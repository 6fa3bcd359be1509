import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import { LocalFiles } from '../../lake/local-files.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable } from '../../lake/table.ts';
import { append, someFile } from './model.ts';

const MINUTE = 60_000;

let folder: string;
let near: FileObjectStore;
let cache: string;
let fetched: string[];
let atOnce: number;
let onFetch: () => Promise<unknown>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lake-'));
  near = new FileObjectStore(join(folder, 'store'));
  cache = join(folder, 'cache');
  fetched = [];
  atOnce = 0;
  onFetch = () => sleep(10);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The same objects as of another machine. */
function far(): ObjectStore {
  let running = 0;
  return {
    description: 'far',
    put: (key, body) => near.put(key, body),
    putFile: (key, path) => near.putFile(key, path),
    putIfAbsent: (key, body) => near.putIfAbsent(key, body),
    get: (key) => near.get(key),
    async getFile(key, path) {
      fetched.push(key);
      running += 1;
      atOnce = Math.max(atOnce, running);
      await onFetch();
      await near.getFile(key, path);
      running -= 1;
    },
    pathOf: () => null,
    list: (prefix, after) => near.list(prefix, after),
    delete: (keys) => near.delete(keys),
    close: () => near.close(),
  };
}

async function filled(table: DeltaTable, files: number, base: Snapshot | null = null): Promise<Snapshot> {
  const add = await Promise.all(Array.from({ length: files }, (_, i) => someFile(folder, i + 1)));
  return table.commit(append(base, { add, remove: base === null ? 'none' : 'all' }));
}

const contents = (paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => (await readFile(path)).toString()));
const copies = async () => (await readdir(cache, { recursive: true })).filter((name) => name.includes('.'));

test('of a store on the disk, the files themselves are used', async () => {
  const table = new DeltaTable(near, 'events');
  const snapshot = await filled(table, 3);
  const paths = await new LocalFiles(cache).paths(table, snapshot);
  expect(paths).toEqual(snapshot.files.map((file) => near.pathOf(`events/${file.path}`)));
  await rm(paths[1] ?? '');
  await expect(new LocalFiles(cache).paths(table, snapshot)).rejects.toMatchObject({
    code: 'object:missing',
  });
});

test('of another store, each file is copied once, four at a time, in the order of the snapshot', async () => {
  const table = new DeltaTable(far(), 'events');
  const snapshot = await filled(table, 9);
  const paths = await new LocalFiles(cache).paths(table, snapshot);
  expect(await contents(paths)).toEqual(Array.from({ length: 9 }, (_, i) => `${i + 1} rows`));
  expect(fetched).toHaveLength(9);
  expect(atOnce).toBe(4);
  expect(await new LocalFiles(cache).paths(table, snapshot)).toEqual(paths);
  expect(fetched).toHaveLength(9);
});

test('two processes that fetch at once do not disturb each other', async () => {
  const table = new DeltaTable(far(), 'events');
  const snapshot = await filled(table, 9);
  const both = await Promise.all([1, 2].map(() => new LocalFiles(cache).paths(table, snapshot)));
  expect(both[0]).toEqual(both[1]);
  expect(await contents(both[0] ?? [])).toEqual(Array.from({ length: 9 }, (_, i) => `${i + 1} rows`));
  expect(await copies()).toHaveLength(9);
});

test('a copy that a crash left short is fetched again; an object that is short is damage', async () => {
  const table = new DeltaTable(far(), 'events');
  const snapshot = await filled(table, 1);
  const [path = ''] = await new LocalFiles(cache).paths(table, snapshot);
  await writeFile(path, '');
  expect(await contents(await new LocalFiles(cache).paths(table, snapshot))).toEqual(['1 rows']);
  await rm(path);
  await near.put(`events/${snapshot.files[0]?.path}`, Buffer.from('1'));
  await expect(new LocalFiles(cache).paths(table, snapshot)).rejects.toMatchObject({ code: 'lake:corrupt' });
  await near.delete([`events/${snapshot.files[0]?.path}`]);
  await expect(new LocalFiles(cache).paths(table, snapshot)).rejects.toMatchObject({
    code: 'object:missing',
  });
  expect(await copies()).toEqual([]);
});

test('copies that the table no longer names go ten minutes after their last use; those of other tables stay', async () => {
  const store = far();
  const table = new DeltaTable(store, 'events');
  const other = new DeltaTable(store, 'profiles');
  const files = new LocalFiles(cache);
  const before = await filled(table, 2);
  const [first = '', second = ''] = await files.paths(table, before);
  const [kept = ''] = await files.paths(other, await filled(other, 1));
  const after = await filled(table, 1, before);
  const age = (path: string, ms: number) => utimes(path, new Date(), new Date(Date.now() - ms));
  await age(first, 11 * MINUTE);
  await age(second, 9 * MINUTE);
  await age(kept, 11 * MINUTE);
  const [newest = ''] = await files.paths(table, after);
  await age(newest, 11 * MINUTE);
  expect(await files.paths(table, after)).toEqual([newest]);
  expect((await copies()).map((name) => join(cache, name)).toSorted()).toEqual(
    [kept, newest, second].toSorted(),
  );
  // Asking for it makes it young again, and what was evicted comes back.
  await age(second, 11 * MINUTE);
  expect(await files.paths(table, before)).toEqual([first, second]);
  await files.paths(table, after);
  expect(await copies()).toHaveLength(4);
});

test('a copy is not removed while others are fetched for long', async () => {
  const table = new DeltaTable(far(), 'events');
  const before = await filled(table, 1);
  const files = new LocalFiles(cache);
  const [first = ''] = await files.paths(table, before);
  const both = await table.commit(append(before, { add: [await someFile(folder, 2)] }));
  onFetch = () => utimes(first, new Date(), new Date(Date.now() - 11 * MINUTE));
  expect(await contents(await files.paths(table, both))).toEqual(['1 rows', '2 rows']);
});

test('copies are named by their keys', async () => {
  const table = new DeltaTable(far(), 'electronics/events');
  const snapshot = await filled(table, 1);
  const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40);
  expect(await new LocalFiles(cache).paths(table, snapshot)).toEqual([
    join(
      cache,
      hash('electronics/events'),
      `${hash(`electronics/events/${snapshot.files[0]?.path}`)}.parquet`,
    ),
  ]);
});
