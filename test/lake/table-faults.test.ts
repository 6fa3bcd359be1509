import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { DeltaTable } from '../../lake/table.ts';
import { append, dataFiles, someFile } from './model.ts';

const WRITTEN = { partitionValues: {}, size: 1, modificationTime: 1, dataChange: true };

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

describe('faults', () => {
  /** The store, with `putIfAbsent` going wrong as told, once for each entry. */
  function faulty(faults: ('before' | 'after' | 'forbidden' | 'early no')[]): ObjectStore {
    const wrapped = Object.create(store) as ObjectStore;
    return Object.assign(wrapped, {
      pathOf: (key: string) => store.pathOf(key),
      putFile: (key: string, from: string) => store.putFile(key, from),
      get: (key: string) => store.get(key),
      list: (prefix: string, after?: string) => store.list(prefix, after),
      delete: (keys: string[]) => store.delete(keys),
      putIfAbsent: async (key: string, body: Buffer) => {
        const fault = faults.shift();
        if (fault === 'forbidden') throw new EventlakeError('object:forbidden', 'no');
        if (fault === 'early no') return false;
        if (fault === 'before') throw new EventlakeError('object:unreachable', 'gone', { retriable: true });
        const stored = await store.putIfAbsent(key, body);
        if (fault === 'after') throw new EventlakeError('object:unreachable', 'gone', { retriable: true });
        return stored;
      },
    });
  }

  test.each([[['before']], [['after']], [['before', 'after', 'before']]])(
    'a lost answer (%s) neither loses nor doubles a commit',
    async (faults) => {
      const base = await new DeltaTable(store, path).commit(append(null));
      const table = new DeltaTable(faulty(faults as 'before'[]), path);
      const landed = await table.commit(append(base, { add: [await someFile(folder, 3)] }));
      expect(landed).toMatchObject({ version: 1n, rows: 3n });
      expect(await new DeltaTable(store, path).snapshot()).toEqual(landed);
    },
  );

  test('a lost answer of the commit that makes a table leaves the writer with the table that is there', async () => {
    const table = new DeltaTable(faulty(['after', 'after']), path);
    const made = await table.commit(append(null));
    expect(await new DeltaTable(store, path).snapshot()).toEqual(made);
    await table.commit(append(made, { add: [await someFile(folder, 3)] }));
    expect(await new DeltaTable(store, path).snapshot()).toMatchObject({ version: 1n, rows: 3n });
  });

  test('a lost answer of a commit that another overtook', async () => {
    const base = await new DeltaTable(store, path).commit(append(null));
    await new DeltaTable(store, path).commit(append(base, { add: [await someFile(folder, 2)] }));
    const table = new DeltaTable(faulty(['before', 'after']), path);
    expect(await table.commit(append(base, { add: [await someFile(folder, 3)] }))).toMatchObject({
      version: 2n,
      rows: 5n,
    });
  });

  test('a store that says no before the rival can be read is asked again', async () => {
    const base = await new DeltaTable(store, path).commit(append(null));
    const table = new DeltaTable(faulty(['early no', 'early no']), path);
    const landed = await table.commit(append(base, { add: [await someFile(folder, 3)] }));
    expect(landed).toMatchObject({ version: 1n, rows: 3n });
    expect(await dataFiles(store, path)).toHaveLength(1);
  });

  test('a store that stays away, or says no, fails the commit and keeps the files: it may have landed', async () => {
    const base = await new DeltaTable(store, path).commit(append(null));
    const add = async () => ({ add: [await someFile(folder, 3)] });
    const away = new DeltaTable(faulty(Array(6).fill('before')), path);
    await expect(away.commit(append(base, await add()))).rejects.toMatchObject({
      code: 'object:unreachable',
    });
    const closed = new DeltaTable(faulty(['forbidden']), path);
    await expect(closed.commit(append(base, await add()))).rejects.toMatchObject({
      code: 'object:forbidden',
    });
    expect((await new DeltaTable(store, path).snapshot())?.version).toBe(0n);
    expect(await dataFiles(store, path)).toHaveLength(2);
  });

  test('a log with a missing version is not read', async () => {
    const table = new DeltaTable(store, path);
    let base = await table.commit(append(null));
    for (let i = 0; i < 3; i++) base = await table.commit(append(base));
    await store.delete([`${path}/_delta_log/00000000000000000001.json`]);
    await expect(new DeltaTable(store, path).snapshot()).rejects.toMatchObject({
      code: 'lake:log_incomplete',
    });
  });

  test('a damaged log entry is named with its line', async () => {
    const table = new DeltaTable(store, path);
    await table.commit(append(null));
    await store.put(
      `${path}/_delta_log/00000000000000000001.json`,
      Buffer.from('{"commitInfo":{}}\n{"add":\n'),
    );
    await expect(table.snapshot()).rejects.toMatchObject({
      code: 'lake:corrupt',
      message: expect.stringContaining('00000000000000000001.json, line 2'),
    });
  });

  test.each([
    [{ protocol: { minReaderVersion: 3, minWriterVersion: 7 } }, 'reader version 3'],
    [
      {
        add: { path: 's3://elsewhere/x', ...WRITTEN, stats: '{"numRecords":1}' },
      },
      'outside',
    ],
    [{ add: { path: 'x', ...WRITTEN } }, 'how many rows'],
    [{ add: { path: '../other/x', ...WRITTEN, stats: '{"numRecords":1}' } }, 'outside'],
  ])('what newer writers may do to a table is refused, not misread: %j', async (action, message) => {
    const table = new DeltaTable(store, path);
    await table.commit(append(null));
    await store.put(`${path}/_delta_log/00000000000000000001.json`, Buffer.from(JSON.stringify(action)));
    await expect(table.snapshot()).rejects.toMatchObject({
      code: 'lake:unsupported',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    [{ protocol: { minReaderVersion: 1, minWriterVersion: 3 } }, 'writer version 3'],
    [
      {
        metaData: {
          id: 'x',
          format: { provider: 'parquet', options: {} },
          configuration: { 'delta.appendOnly': 'true' },
        },
      },
      'append-only',
    ],
  ])('a table that must not be changed is read and not changed: %j', async (action, message) => {
    const table = new DeltaTable(store, path);
    const base = await table.commit(append(null, { add: [await someFile(folder, 3)] }));
    const line = 'metaData' in action ? { metaData: { ...base.metaData, ...action.metaData } } : action;
    await store.put(`${path}/_delta_log/00000000000000000001.json`, Buffer.from(JSON.stringify(line)));
    const read = await table.snapshot();
    expect(read?.rows).toBe(3n);
    await expect(table.commit(append(read, { remove: 'all' }))).rejects.toMatchObject({
      code: 'lake:unsupported',
      message: expect.stringContaining(message),
    });
  });

  test('nothing of the test is left beside the store', async () => {
    expect(await readdir(join(folder, 'store', '.unfinished'))).toEqual([]);
  });
});
