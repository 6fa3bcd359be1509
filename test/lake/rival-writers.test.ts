import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
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

describe('rival writers', () => {
  test('of different applications both land, on any base', async () => {
    const [a, b] = [new DeltaTable(store, path), new DeltaTable(store, path)];
    const base = await a.commit(append(null));
    await Promise.all([
      a.commit(append(base, { add: [await someFile(folder, 1)], txns: new Map([['events/0', 10n]]) })),
      b.commit(append(base, { add: [await someFile(folder, 2)], txns: new Map([['events/1', 20n]]) })),
    ]);
    expect(await new DeltaTable(store, path).snapshot()).toMatchObject({
      version: 2n,
      rows: 3n,
      txns: new Map([
        ['events/0', 10n],
        ['events/1', 20n],
      ]),
    });
  });

  test('may all try to make the table: one does, the others are superseded and build on it', async () => {
    const superseded: number[] = [];
    await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const table = new DeltaTable(store, path);
        const change = async () => ({
          add: [await someFile(folder, 1)],
          txns: new Map([[`events/${i}`, 1n]]),
        });
        await table.commit(append(null, await change())).catch(async (error) => {
          expect(error).toMatchObject({ code: 'lake:superseded' });
          superseded.push(i);
          await table.commit(append(await table.snapshot(), await change()));
        });
      }),
    );
    expect(superseded).toHaveLength(11);
    const table = await new DeltaTable(store, path).snapshot();
    expect(table).toMatchObject({ version: 11n, rows: 12n });
    expect(table?.txns.size).toBe(12);
  });

  test('of one application: one lands, the others are superseded and leave no file behind', async () => {
    const base = await new DeltaTable(store, path).commit(
      append(null, { txns: new Map([['events/0', 5n]]) }),
    );
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, async (_, i) =>
        new DeltaTable(store, path).commit(
          append(base, { add: [await someFile(folder, i + 1)], txns: new Map([['events/0', 6n]]) }),
        ),
      ),
    );
    const landed = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(landed).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'lake:superseded', retriable: false });
    }
    expect(await new DeltaTable(store, path).snapshot()).toEqual(landed[0]);
    expect(await dataFiles(store, path)).toEqual(landed[0]?.files.map((file) => `${path}/${file.path}`));
  });

  test('a writer with an old base is superseded before it uploads, if its table has seen better', async () => {
    const table = new DeltaTable(store, path);
    const base = await table.commit(append(null, { txns: new Map([['events/0', 5n]]) }));
    await table.commit(append(base, { txns: new Map([['events/0', 6n]]) }));
    const late = append(base, { add: [await someFile(folder, 1)], txns: new Map([['events/0', 7n]]) });
    await expect(table.commit(late)).rejects.toMatchObject({ code: 'lake:superseded' });
    await expect(new DeltaTable(store, path).commit(late)).rejects.toMatchObject({ code: 'lake:superseded' });
    expect(await dataFiles(store, path)).toEqual([]);
  });

  test('a replacement is superseded by any change of the files, and not by a change without files', async () => {
    const table = new DeltaTable(store, path);
    const base = await table.commit(append(null, { add: [await someFile(folder, 1)] }));
    await table.commit(append(base, { txns: new Map([['events/0', 1n]]) }));
    const replacement = async () =>
      append(base, { add: [await someFile(folder, 9)], remove: 'all' as const });
    const replaced = await new DeltaTable(store, path).commit(await replacement());
    expect(replaced).toMatchObject({ version: 2n, rows: 9n });
    expect(replaced.tombstones.map((tombstone) => tombstone.path)).toEqual(
      base.files.map((file) => file.path),
    );
    await expect(new DeltaTable(store, path).commit(await replacement())).rejects.toMatchObject({
      code: 'lake:superseded',
    });
    await expect(
      new DeltaTable(store, path).commit({ ...(await replacement()), base: null }),
    ).rejects.toMatchObject({ code: 'lake:superseded' });
  });

  test('a replacement is superseded when all files are gone meanwhile', async () => {
    const table = new DeltaTable(store, path);
    const base = await table.commit(append(null, { add: [await someFile(folder, 1)] }));
    await table.commit(append(base, { remove: 'all' }));
    const late = append(base, { add: [await someFile(folder, 9)], remove: 'all' });
    await expect(new DeltaTable(store, path).commit(late)).rejects.toMatchObject({ code: 'lake:superseded' });
  });

  test('an application never goes back', async () => {
    const table = new DeltaTable(store, path);
    const base = await table.commit(append(null, { txns: new Map([['events/0', 5n]]) }));
    await expect(table.commit(append(base, { txns: new Map([['events/0', 4n]]) }))).rejects.toMatchObject({
      code: 'lake:superseded',
    });
    expect((await table.commit(append(base, { txns: new Map([['events/0', 5n]]) }))).version).toBe(1n);
  });
});
