import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable } from '../../lake/table.ts';
import { append, dataFiles, someFile } from './model.ts';

let folder: string;
let store: FileObjectStore;
let path: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lake-'));
  store = new FileObjectStore(join(folder, 'store'));
});
beforeEach(() => {
  path = `electronics/t${count++}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Commits of one file each, of so many rows, on top of each other. */
async function made(rows: readonly number[], table = new DeltaTable(store, path)): Promise<Snapshot> {
  let base: Snapshot | null = null;
  for (const n of rows) base = await table.commit(append(base, { add: [await someFile(folder, n)] }));
  if (base === null) throw new Error('a table has a commit');
  return base;
}

async function deleteTable(): Promise<void> {
  for await (const { key } of store.list(`${path}/`)) await store.delete([key]);
}

/** Deletes the table, and makes another of as many commits of other rows. */
async function makeAgain(rows: readonly number[]): Promise<Snapshot> {
  await deleteTable();
  return made(rows);
}

const logKey = (version: number) => `${path}/_delta_log/${String(version).padStart(20, '0')}.json`;
const commits = async () => {
  const keys: string[] = [];
  for await (const { key } of store.list(`${path}/_delta_log/`)) keys.push(key);
  return keys;
};

describe('a table that was deleted and made again', () => {
  test.each([
    ['fewer', [7]],
    ['as many', [7, 8]],
    ['more', [7, 8, 9, 10]],
  ])('with %s commits is read as it is now', async (_, rows) => {
    const reader = new DeltaTable(store, path);
    await made([1, 2]);
    expect((await reader.snapshot())?.rows).toBe(3n);
    const now = await makeAgain(rows);
    expect(await reader.snapshot()).toEqual(now);
    expect(await reader.snapshot()).toEqual(now);
    expect(await reader.snapshot(0n)).toMatchObject({ rows: 7n, metaData: now.metaData });
  });

  test('is no table while it is deleted', async () => {
    const reader = new DeltaTable(store, path);
    await made([1, 2]);
    await reader.snapshot();
    await deleteTable();
    expect(await reader.snapshot()).toBeNull();
  });

  test('is read again where only the older half of the new log is there yet', async () => {
    const reader = new DeltaTable(store, path);
    await made([1, 2, 3]);
    await reader.snapshot();
    const now = await makeAgain([7, 8]);
    // A gap between what is kept and what is listed.
    await store.put(logKey(7), Buffer.from('{}\n'));
    await expect(reader.snapshot()).rejects.toMatchObject({ code: 'lake:log_incomplete' });
    await store.delete([logKey(7)]);
    expect(await reader.snapshot()).toEqual(now);
  });

  test.each([
    ['fewer', [7]],
    ['as many', [7, 8]],
    ['more', [7, 8, 9, 10]],
  ])('with %s commits gets nothing that was computed from the old one', async (_, rows) => {
    const writer = new DeltaTable(store, path);
    const base = await made([1, 2], writer);
    const now = await makeAgain(rows);
    const late = () => someFile(folder, 1000);
    for (const table of [writer, new DeltaTable(store, path)]) {
      await expect(table.commit(append(base, { add: [await late()] }))).rejects.toMatchObject({
        code: 'lake:superseded',
        message: expect.stringContaining(now.metaData.id),
      });
    }
    expect(await new DeltaTable(store, path).snapshot()).toEqual(now);
    expect(await dataFiles(store, path)).toHaveLength(rows.length);
    const next = await writer.commit(append(await writer.snapshot(), { add: [await late()] }));
    expect(next.rows).toBe(now.rows + 1000n);
  });

  test('gets no commit on top of nothing, when it is deleted', async () => {
    const writer = new DeltaTable(store, path);
    const base = await made([1, 2], writer);
    await deleteTable();
    await expect(writer.commit(append(base, { add: [await someFile(folder, 3)] }))).rejects.toMatchObject({
      code: 'lake:superseded',
    });
    expect(await commits()).toEqual([]);
    expect(await dataFiles(store, path)).toEqual([]);
  });

  /** The store, where something happens between the writer's look at the table and its commit. */
  function suspended(before: () => Promise<unknown>): ObjectStore {
    return Object.assign(Object.create(store) as ObjectStore, {
      pathOf: (key: string) => store.pathOf(key),
      putFile: (key: string, from: string) => store.putFile(key, from),
      get: (key: string) => store.get(key),
      list: (prefix: string, after?: string) => store.list(prefix, after),
      delete: (keys: string[]) => store.delete(keys),
      async putIfAbsent(key: string, body: Buffer) {
        await before();
        return store.putIfAbsent(key, body);
      },
    });
  }

  test('at the very moment of a commit, with as many commits, loses that commit again', async () => {
    let now: Snapshot | null = null;
    const base = await made([1, 2]);
    const writer = new DeltaTable(
      suspended(async () => {
        now ??= await makeAgain([7, 8]);
      }),
      path,
    );
    await expect(writer.commit(append(base, { add: [await someFile(folder, 1000)] }))).rejects.toMatchObject({
      code: 'lake:superseded',
    });
    expect(now).not.toBeNull();
    expect(await new DeltaTable(store, path).snapshot()).toEqual(now);
    expect(await commits()).toEqual([logKey(0), logKey(1)]);
    expect(await dataFiles(store, path)).toHaveLength(2);
  });

  test('with the commit of a writer that was killed before it could remove it is not read, nor built on', async () => {
    const base = await made([1, 2]);
    await new DeltaTable(store, path).commit(append(base, { add: [await someFile(folder, 1000)] }));
    const late = await store.get(logKey(2));
    const now = await makeAgain([7, 8]);
    const reader = new DeltaTable(store, path);
    await reader.snapshot();
    await store.put(logKey(2), late);
    const refusal = { code: 'lake:foreign_commit', message: expect.stringContaining(base.metaData.id) };
    for (const table of [reader, new DeltaTable(store, path)]) {
      await expect(table.snapshot()).rejects.toMatchObject({
        ...refusal,
        hint: expect.stringContaining(logKey(2)),
      });
      await expect(table.commit(append(now))).rejects.toMatchObject(refusal);
    }
    await store.delete([logKey(2)]);
    expect(await reader.snapshot()).toEqual(now);
  });
});

test('commits of other programs are read on from, whether they say an id or not', async () => {
  const table = new DeltaTable(store, path);
  const base = await made([1], table);
  for (const [i, info] of [{ operation: 'DELETE' }, { txnId: 'theirs' }].entries()) {
    await store.put(logKey(i + 1), Buffer.from(`${JSON.stringify({ commitInfo: info })}\n`));
    expect(await table.snapshot()).toMatchObject({ version: BigInt(i + 1), rows: 1n });
  }
  const next = await table.commit(append(base, { add: [await someFile(folder, 2)] }));
  expect(next).toMatchObject({ version: 3n, rows: 3n });
});
