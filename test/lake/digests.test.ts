import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import { LocalFiles } from '../../lake/local-files.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable } from '../../lake/table.ts';
import { append, someFile } from './model.ts';

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

/** A table of two commits: the second adds two files and moves two applications. */
async function twoCommits(): Promise<{ written: Snapshot; key: string; body: Buffer }> {
  const table = new DeltaTable(store, path);
  const base = await table.commit(append(null, { add: [await someFile(folder, 3)] }));
  const written = await table.commit(
    append(base, {
      add: [await someFile(folder, 4), await someFile(folder, 5, 'ä')],
      txns: new Map([
        ['log/events/0', 9223372036854775000n],
        ['log/events/1', 7n],
      ]),
    }),
  );
  const key = `${path}/_delta_log/00000000000000000001.json`;
  return { written, key, body: await store.get(key) };
}

test('a commit that is cut at any byte is damage, and never fewer rows', async () => {
  const { written, key, body } = await twoCommits();
  for (let length = 0; length < body.length; length++) {
    await writeFile(store.pathOf(key), body.subarray(0, length));
    const read = new DeltaTable(store, path).snapshot();
    // Without its last line end alone, it is complete.
    if (length === body.length - 1) expect(await read).toEqual(written);
    else await expect(read).rejects.toMatchObject({ code: 'lake:corrupt' });
  }
});

test('a commit that is cut at a line end says how many actions are missing', async () => {
  const { key, body } = await twoCommits();
  const lines = body.toString().split('\n');
  await store.put(key, Buffer.from(`${lines.slice(0, 3).join('\n')}\n`));
  // commitInfo, two txns and two files were written.
  await expect(new DeltaTable(store, path).snapshot()).rejects.toMatchObject({
    code: 'lake:corrupt',
    message: `${key}: it was written with 4 actions after its commitInfo and has 2`,
    hint: expect.stringContaining('copy'),
  });
});

test('a bit that flips anywhere in a commit changes nothing that is read, or is damage', async () => {
  const { written, key, body } = await twoCommits();
  await fc.assert(
    fc.asyncProperty(fc.nat(body.length - 1), fc.nat(7), async (at, bit) => {
      const damaged = Buffer.from(body);
      damaged.writeUInt8((damaged[at] ?? 0) ^ (1 << bit), at);
      await writeFile(store.pathOf(key), damaged);
      try {
        expect(await new DeltaTable(store, path).snapshot()).toEqual(written);
      } catch (error) {
        expect(error).toMatchObject({ code: 'lake:corrupt' });
      }
    }),
    { numRuns: 300 },
  );
});

test('commits of other programs and of earlier versions of eventlake, which say no number, are read', async () => {
  const { written, key, body } = await twoCommits();
  const { files, txns } = written;
  const lines = body.toString().split('\n');
  const { commitInfo } = JSON.parse(lines[0] ?? '');
  const { tags: _, ...before } = commitInfo;
  for (const first of [JSON.stringify({ commitInfo: before }), '{"commitInfo":{"tags":{"other.key":"1"}}}']) {
    await store.put(key, Buffer.from([first, ...lines.slice(1)].join('\n')));
    expect(await new DeltaTable(store, path).snapshot()).toMatchObject({ files, txns, rows: 12n });
  }
  await store.put(key, Buffer.from(lines.slice(1).join('\n')));
  expect(await new DeltaTable(store, path).snapshot()).toMatchObject({ files, txns, rows: 12n });
});

/** The store as one that is no local disk. */
const far = (): ObjectStore =>
  Object.assign(Object.create(store) as ObjectStore, {
    pathOf: () => null,
    getFile: (key: string, to: string) => store.getFile(key, to),
  });

test('a file that differs in one bit is not given out; the error names it', async () => {
  const { written } = await twoCommits();
  const { path: name = '' } = written.files[1] ?? {};
  const file = store.pathOf(`${path}/${name}`);
  const body = await readFile(file);
  await writeFile(file, Buffer.from(body.toString().replace('4', '5')));
  const damage = {
    code: 'lake:corrupt',
    // By Python: zlib.crc32(b'4 rows'), zlib.crc32(b'5 rows').
    message: `table ${path}: ${name} is damaged: its CRC-32 was c427e0a1 when it was written and is 0f7b3304`,
    hint: expect.stringContaining(`Restore ${path}/${name}`),
  };
  const near = new DeltaTable(store, path);
  await expect(new LocalFiles(join(folder, 'cache')).paths(near, written)).rejects.toMatchObject(damage);
  const distant = new DeltaTable(far(), path);
  await expect(new LocalFiles(join(folder, 'cache')).paths(distant, written)).rejects.toMatchObject(damage);
  await writeFile(file, body);
  expect(await new LocalFiles(join(folder, 'cache')).paths(distant, written)).toHaveLength(3);
});

test('a file that goes bad while the process runs is found by what computes from it', async () => {
  const { written } = await twoCommits();
  const table = new DeltaTable(store, path);
  const files = new LocalFiles(join(folder, 'cache'));
  const [first = ''] = await files.paths(table, written);
  await writeFile(first, '9 rows');
  files.recheck();
  await expect(files.paths(table, written)).rejects.toMatchObject({ code: 'lake:corrupt' });
});

test('a copy that goes bad is downloaded again', async () => {
  const { written } = await twoCommits();
  const table = new DeltaTable(far(), path);
  const [copy = ''] = await new LocalFiles(join(folder, 'cache')).paths(table, written);
  await writeFile(copy, '9 rows');
  expect(await new LocalFiles(join(folder, 'cache')).paths(table, written)).toContain(copy);
  expect((await readFile(copy)).toString()).toBe('3 rows');
});
