import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { DuckDbCheckpoints } from '../../adapters/duckdb/checkpoint-format.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import type { SqlSession } from '../../core/engine.ts';
import { EventlakeError } from '../../core/errors.ts';
import { Checkpoints } from '../../lake/checkpoint.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable } from '../../lake/table.ts';
import { append, someFile } from './model.ts';

let folder: string;
let sql: SqlSession;
let checkpoints: Checkpoints;
let store: FileObjectStore;
let path: string;
let count = 0;
const warnings: EventlakeError[] = [];
const warn = (warning: EventlakeError) => warnings.push(warning);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lake-'));
  sql = await DuckDbSession.open({ temporary: folder, memoryMb: 200, threads: 1 });
  checkpoints = new Checkpoints(new DuckDbCheckpoints(sql), join(folder, 'scratch'));
  store = new FileObjectStore(join(folder, 'store'));
});
beforeEach(() => {
  path = `it's/t${count++}`;
  warnings.length = 0;
});
afterAll(async () => {
  await sql.close();
  await rm(folder, { recursive: true, force: true });
});

const log = (name: string) => `${path}/_delta_log/${name}`;

const BOUNDS =
  '"minValues":{"id":-9223372036854775808},"maxValues":{"id":9223372036854775807},"nullCount":{"id":0}';

/**
 * Commits until the table is at `version`: appends with large ids, awkward months, and a replacement at
 * version 5.
 */
async function fill(table: DeltaTable, version: bigint): Promise<Snapshot> {
  let base = await table.commit(append(null));
  while (base.version < version) {
    const n = base.version + 1n;
    const file = await someFile(folder, Number(n), n % 2n === 0n ? null : `it's "${n}"`);
    base = await table.commit(
      append(base, {
        add: [{ ...file, stats: `{"numRecords":${n},${BOUNDS}}` }],
        remove: n === 5n ? 'all' : 'none',
        txns: new Map([[`events/${n % 3n}`, 9223372036854775000n + n]]),
      }),
    );
  }
  return base;
}

const plain = (snapshot: Snapshot | null) =>
  snapshot && {
    ...snapshot,
    files: new Map(snapshot.files.map((file) => [file.path, file])),
    tombstones: new Set(snapshot.tombstones),
    txns: snapshot.txns,
    metaData: snapshot.metaData.id,
  };

test('the tenth commit brings a checkpoint, and with it a table reads the same without its older commits', async () => {
  const table = new DeltaTable(store, path, { checkpoints, warn });
  const written = await fill(table, 13n);
  expect(warnings).toEqual([]);
  expect(JSON.parse((await store.get(log('_last_checkpoint'))).toString())).toEqual({
    version: 10,
    // protocol, metaData, 3 txns, files of versions 5 to 10, tombstones of versions 1 to 4
    size: 15,
    sizeInBytes: (await store.get(log('00000000000000000010.checkpoint.parquet'))).length,
    numOfAddFiles: 6,
  });
  const byCommits = await new DeltaTable(store, path).snapshot();
  const reads = jest.spyOn(store, 'get');
  const byCheckpoint = await new DeltaTable(store, path, { checkpoints, warn }).snapshot();
  // The hint, the checkpoint and versions 11 to 13.
  expect(reads).toHaveBeenCalledTimes(5);
  reads.mockRestore();
  expect(plain(byCommits)).toEqual(plain(written));
  expect(plain(byCheckpoint)).toEqual(plain(written));
  expect(written.rows).toBe(81n); // 5 + 6 + … + 13
  await store.delete(Array.from({ length: 10 }, (_, i) => log(`0000000000000000000${i}.json`)));
  const reader = new DeltaTable(store, path, { checkpoints, warn });
  expect(plain(await reader.snapshot())).toEqual(plain(written));
  expect(plain(await reader.snapshot(11n))?.rows).toBe(56n); // 5 + … + 11
  await expect(reader.snapshot(9n)).rejects.toMatchObject({ code: 'lake:version_missing' });
  await expect(new DeltaTable(store, path).snapshot()).rejects.toMatchObject({ code: 'lake:log_incomplete' });
  expect(warnings).toEqual([]);
  expect(await readdir(join(folder, 'scratch'))).toEqual([]);
});

test('older versions are read from the checkpoint before them, or from the commits', async () => {
  const table = new DeltaTable(store, path, { checkpoints, warn });
  await fill(table, 21n);
  for (const version of [3n, 10n, 15n, 20n, 21n]) {
    const byCommits = await new DeltaTable(store, path).snapshot(version);
    const byCheckpoint = await new DeltaTable(store, path, { checkpoints, warn }).snapshot(version);
    expect(plain(byCheckpoint)).toEqual(plain(byCommits));
    expect(byCheckpoint?.version).toBe(version);
  }
  expect(warnings).toEqual([]);
});

test('expired tombstones are left out of a checkpoint', async () => {
  const table = new DeltaTable(store, path, { checkpoints, warn });
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now - 8 * 86_400_000);
  const base = await fill(table, 7n);
  expect(base.tombstones).toHaveLength(4);
  clock.mockRestore();
  let latest = await table.commit(append(base, { remove: 'all' }));
  while (latest.version < 10n) latest = await table.commit(append(latest));
  const reader = new DeltaTable(store, path, { checkpoints, warn });
  const removed = (await reader.snapshot())?.tombstones.map((tombstone) => tombstone.path);
  expect(new Set(removed)).toEqual(new Set(base.files.map((file) => file.path)));
  expect(removed).toHaveLength(3);
});

test('a checkpoint that cannot be written fails no commit', async () => {
  const broken = new Checkpoints(
    {
      write: async () => Promise.reject(new Error('out of memory')),
      read: async () => [],
    },
    join(folder, 'scratch'),
  );
  const written = await fill(new DeltaTable(store, path, { checkpoints: broken, warn }), 10n);
  expect(written.version).toBe(10n);
  expect(warnings).toMatchObject([
    { code: 'lake:checkpoint_failed', message: expect.stringContaining('out of memory') },
  ]);
  await expect(store.get(log('_last_checkpoint'))).rejects.toMatchObject({ code: 'object:missing' });
  expect(await readdir(join(folder, 'scratch'))).toEqual([]);
});

test.each([
  ['00000000000000000010.checkpoint.parquet', 'PAR1 damaged', 1],
  ['_last_checkpoint', '{"version":', 0],
  ['_last_checkpoint', 'null', 0],
  ['_last_checkpoint', '{"version":-10}', 0],
  ['_last_checkpoint', '{"version":9,"parts":2}', 0],
  ['_last_checkpoint', '{"version":20}', 0],
  ['_last_checkpoint', '{"version":1e300}', 0],
])('a damaged %s (%s) costs time, nothing else', async (name, content, warned) => {
  const written = await fill(new DeltaTable(store, path, { checkpoints, warn }), 11n);
  await store.put(log(name), Buffer.from(content));
  const read = await new DeltaTable(store, path, { checkpoints, warn }).snapshot();
  expect(plain(read)).toEqual(plain(written));
  expect(warnings.map(({ code }) => code)).toEqual(Array(warned).fill('lake:checkpoint_unreadable'));
});

test('a hint that is lost or wrong hides no checkpoint whose commits were cleaned up', async () => {
  const written = await fill(new DeltaTable(store, path, { checkpoints, warn }), 21n);
  await store.delete(commitKeys(0, 20));
  for (const hint of ['{"version":17}', 'no JSON']) {
    await store.put(log('_last_checkpoint'), Buffer.from(hint));
    expect(plain(await new DeltaTable(store, path, { checkpoints, warn }).snapshot())).toEqual(
      plain(written),
    );
  }
  expect(warnings).toEqual([]);
});

test('a damaged checkpoint is written again, from the one before it or from the commits', async () => {
  const written = await fill(new DeltaTable(store, path, { checkpoints, warn }), 21n);
  await store.delete(commitKeys(0, 5));
  const name = log('00000000000000000020.checkpoint.parquet');
  await flip(name, 0.4, 3);
  expect(plain(await new DeltaTable(store, path, { checkpoints, warn }).snapshot())).toEqual(plain(written));
  expect(warnings.map(({ code }) => code)).toEqual(['lake:checkpoint_unreadable']);
  // It alone leads there now.
  await store.delete([log('00000000000000000010.checkpoint.parquet'), ...commitKeys(6, 20)]);
  expect(plain(await new DeltaTable(store, path, { checkpoints, warn }).snapshot())).toEqual(plain(written));
  expect(warnings).toHaveLength(1);
  await flip(name, 0.5, 3);
  await expect(new DeltaTable(store, path, { checkpoints, warn }).snapshot()).rejects.toMatchObject({
    code: 'lake:log_incomplete',
  });
});

test('where a damaged checkpoint cannot be written again, the table is read all the same', async () => {
  const written = await fill(new DeltaTable(store, path, { checkpoints, warn }), 11n);
  await flip(log('00000000000000000010.checkpoint.parquet'), 0.1, 0);
  const refusing = Object.assign(Object.create(store) as ObjectStore, {
    list: (prefix: string, after?: string) => store.list(prefix, after),
    get: (key: string) => store.get(key),
    putFile: async () => Promise.reject(new EventlakeError('object:forbidden', 'read-only')),
  });
  const read = await new DeltaTable(refusing, path, { checkpoints, warn }).snapshot();
  expect(plain(read)).toEqual(plain(written));
  expect(warnings.map(({ code }) => code)).toEqual(['lake:checkpoint_unreadable', 'lake:checkpoint_failed']);
});

test('a bit that flips anywhere in a checkpoint changes nothing that is read', async () => {
  const written = await fill(new DeltaTable(store, path, { checkpoints, warn }), 10n);
  await fc.assert(
    fc.asyncProperty(fc.nat(9999), fc.nat(7), async (at, bit) => {
      await flip(log('00000000000000000010.checkpoint.parquet'), at / 10_000, bit);
      const read = await new DeltaTable(store, path, { checkpoints, warn }).snapshot();
      expect(plain(read)).toEqual(plain(written));
    }),
    { numRuns: 40, endOnFailure: true },
  );
  expect(warnings.length).toBeGreaterThan(30);
});

const commitKeys = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => log(`${String(from + i).padStart(20, '0')}.json`));

/** Flips one bit of an object, at this part of its length. */
async function flip(key: string, at: number, bit: number): Promise<void> {
  const body = await store.get(key);
  const position = Math.floor(at * body.length);
  body.writeUInt8((body[position] ?? 0) ^ (1 << bit), position);
  await store.put(key, body);
}
