import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import { DeltaTable } from '../../lake/table.ts';
import { append, FIELDS, someFile } from './model.ts';

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

describe('a table', () => {
  test('does not exist before its first commit, and is what was committed after it', async () => {
    const table = new DeltaTable(store, path);
    expect(await table.snapshot()).toBeNull();
    expect(await table.commits(10)).toEqual([]);
    const txns = new Map([['events/0', 9007199254740993n]]);
    const add = [await someFile(folder, 3, '2020-10'), await someFile(folder, 4, null)];
    const made = await table.commit(append(null, { add, txns, description: 'first batch' }));
    expect(made).toMatchObject({ version: 0n, rows: 7n, fields: FIELDS, partitionBy: ['month'], txns });
    const other = await new DeltaTable(store, path).snapshot();
    expect(other).toEqual(made);
    expect(other?.files.map(({ partition }) => partition.month)).toEqual(['2020-10', null]);
    expect(other?.files[0]?.path).toMatch(/^month=2020-10\/part-[0-9a-f-]{36}\.zstd\.parquet$/);
    expect(other?.files[1]?.path).toMatch(/^month=__HIVE_DEFAULT_PARTITION__\/part-/);
    for (const file of made.files) expect((await store.get(`${path}/${file.path}`)).length).toBe(file.bytes);
    expect(await table.commits(10)).toMatchObject([
      {
        version: 0n,
        operation: 'WRITE',
        description: 'first batch',
        rowsAdded: 7n,
        filesAdded: 2,
        filesRemoved: 0,
      },
    ]);
  });

  test('takes files that are in its folder of the store already, where they are, beside local ones', async () => {
    const table = new DeltaTable(store, path);
    const [local, { localPath, ...facts }] = [
      await someFile(folder, 2, '2020-10'),
      await someFile(folder, 3, '2020-11'),
    ];
    const stored = { ...facts, path: 'batch-1/month=2020-11/part 1.parquet' };
    await store.putFile(`${path}/${stored.path}`, localPath);
    const made = await table.commit(append(null, { add: [stored, local] }));
    expect(made.rows).toBe(5n);
    expect(made.files[0]).toMatchObject({ ...stored, tags: {} });
    expect(made.files[1]?.path).toMatch(/^month=2020-10\/part-/);
    expect((await new DeltaTable(store, path).snapshot())?.files).toEqual(made.files);
    expect((await store.get(`${path}/${stored.path}`)).toString()).toBe('3 rows');
    const { partition: _, ...withoutMonth } = stored;
    await expect(
      table.commit(append(made, { add: [{ ...withoutMonth, partition: {} }] })),
    ).rejects.toMatchObject({ code: 'lake:schema_mismatch', message: expect.stringContaining(stored.path) });
  });

  test('keeps partition values that folders cannot, and nothing of them leaks into other folders', async () => {
    const table = new DeltaTable(store, path);
    const months = ['a b/../c', '100%', 'ä=ß', "it's", '😀'.repeat(100), '..'];
    const add = await Promise.all(months.map((month) => someFile(folder, 1, month)));
    await table.commit(append(null, { add }));
    const read = await new DeltaTable(store, path).snapshot();
    expect(read?.files.map(({ partition }) => partition.month)).toEqual(months);
    for (const file of read?.files ?? [])
      expect((await store.get(`${path}/${file.path}`)).toString()).toBe('1 rows');
    expect(read?.files[0]?.path).toMatch(/^month=a%20b%2F..%2Fc\/part-/);
    expect((await store.get(`${path}/_delta_log/00000000000000000000.json`)).toString()).toContain(
      '"path":"month=a%2520b%252F..%252Fc/part-',
    );
  });

  test('is read at older versions', async () => {
    const table = new DeltaTable(store, path);
    let base = await table.commit(append(null, { operation: 'CREATE TABLE' }));
    base = await table.commit(append(base, { add: [await someFile(folder, 1)] }));
    const old = base;
    base = await table.commit(append(base, { add: [await someFile(folder, 2)], remove: 'all' }));
    expect(base.rows).toBe(2n);
    expect(base.tombstones.map((tombstone) => tombstone.path)).toEqual(old.files.map((file) => file.path));
    for (const reader of [table, new DeltaTable(store, path)]) {
      expect(await reader.snapshot(1n)).toEqual(old);
      expect((await reader.snapshot(0n))?.rows).toBe(0n);
      expect((await reader.snapshot())?.rows).toBe(2n);
      await expect(reader.snapshot(3n)).rejects.toMatchObject({ code: 'lake:version_missing' });
    }
    expect((await table.commits(2)).map(({ version, filesRemoved }) => [version, filesRemoved])).toEqual([
      [2n, 1],
      [1n, 0],
    ]);
  });
});

describe('a table keeps its columns', () => {
  const [id, month] = FIELDS as [(typeof FIELDS)[0], (typeof FIELDS)[0]];
  test.each([
    [
      'type',
      { fields: [{ ...id, type: 'string' as const }, month] },
      'column id is long there and string here',
    ],
    [
      'new column that is never null',
      { fields: [id, month, { ...month, name: 'brand', nullable: false }] },
      'no column brand',
    ],
    ['lost column', { fields: [id], partitionBy: [] }, 'a column month that is not written any more'],
    ['null', { fields: [{ ...id, nullable: true }, month] }, 'column id must not be null'],
    ['partitioning', { partitionBy: [] }, 'partitioned by (month), not by ()'],
  ])('%s', async (_, change, message) => {
    const base = await new DeltaTable(store, path).commit(append(null));
    for (const request of [append(base, change), append(null, change)]) {
      await expect(new DeltaTable(store, path).commit(request)).rejects.toMatchObject({
        code: 'lake:schema_mismatch',
        message: expect.stringContaining(message),
        hint: expect.stringContaining('reset'),
      });
    }
    expect((await new DeltaTable(store, path).snapshot())?.version).toBe(0n);
  });

  test('but for columns that may be null, which are added at the end', async () => {
    const brand = { name: 'brand', type: 'string', nullable: true } as const;
    const base = await new DeltaTable(store, path).commit(append(null));
    const wider = await new DeltaTable(store, path).commit(append(base, { fields: [brand, id, month] }));
    expect(wider.fields).toEqual([id, month, brand]);
    expect(wider.metaData).toEqual({ ...base.metaData, schemaString: wider.metaData.schemaString });
    expect((await new DeltaTable(store, path).snapshot())?.fields).toEqual([id, month, brand]);
    for (const request of [append(wider), append(base)]) {
      await expect(new DeltaTable(store, path).commit(request)).rejects.toMatchObject({
        code: 'lake:schema_mismatch',
        message: expect.stringContaining('a column brand that is not written any more'),
      });
    }
  });

  test('until all its rows are replaced: then it has the columns of the new ones', async () => {
    const base = await new DeltaTable(store, path).commit(append(null));
    const fields = [{ ...id, type: 'string' as const }, month, { ...month, name: 'brand', nullable: false }];
    const replaced = await new DeltaTable(store, path).commit({ ...append(base, { fields }), remove: 'all' });
    expect(replaced.fields).toEqual(fields);
    expect(replaced.metaData).toEqual({ ...base.metaData, schemaString: replaced.metaData.schemaString });
    const again = new DeltaTable(store, path);
    expect((await again.snapshot())?.fields).toEqual(fields);
    expect((await new DeltaTable(store, path).snapshot(0n))?.fields).toEqual(base.fields);
    await expect(again.commit(append(replaced, { fields: base.fields }))).rejects.toMatchObject({
      code: 'lake:schema_mismatch',
    });
  });

  test('of some rows that are replaced, or under another partitioning', async () => {
    const base = await new DeltaTable(store, path).commit(append(null));
    const fields = [id, month, { ...month, name: 'brand' }];
    for (const change of [
      { ...append(base, { fields }), remove: base.files.slice(0, 1) },
      { ...append(base, { fields, partitionBy: [] }), remove: 'all' as const },
    ]) {
      await expect(new DeltaTable(store, path).commit(change)).rejects.toMatchObject({
        code: 'lake:schema_mismatch',
        message: expect.stringContaining('no column brand'),
      });
    }
  });

  test('a stricter column and another order fit', async () => {
    const base = await new DeltaTable(store, path).commit(append(null));
    await new DeltaTable(store, path).commit(append(base, { fields: [{ ...month, nullable: false }, id] }));
  });

  test('a file without a value for a partition column is refused', async () => {
    const file = { ...(await someFile(folder, 1)), partition: {} };
    await expect(new DeltaTable(store, path).commit(append(null, { add: [file] }))).rejects.toMatchObject({
      code: 'lake:schema_mismatch',
      message: expect.stringContaining('month'),
    });
  });
});
