import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DuckDbCheckpoints } from '../../adapters/duckdb/checkpoint-format.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { S3ObjectStore } from '../../adapters/s3/object-store.ts';
import type { SqlSession } from '../../core/engine.ts';
import { hasCode } from '../../core/errors.ts';
import { Checkpoints } from '../../lake/checkpoint.ts';
import { DeltaTable } from '../../lake/table.ts';
import { removeOrphans } from '../../lake/vacuum.ts';
import { emptyStore } from '../conformance/object-store.ts';
import { append, dataFiles, someFile } from '../lake/model.ts';

const WORKERS = 6;

let folder: string;
let sql: SqlSession;
let stores: S3ObjectStore[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lake-'));
  sql = await DuckDbSession.open({ temporary: folder, memoryMb: 200, threads: 1 });
  const bucket = `test-${randomUUID()}`;
  stores = Array.from(
    { length: WORKERS },
    () =>
      new S3ObjectStore({
        endpoint: process.env.EVENTLAKE_TEST_MINIO ?? '',
        bucket,
        accessKey: process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY ?? '',
        secretKey: process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY ?? '',
      }),
  );
  await Promise.all(stores.map((store) => store.ensureBucket()));
});
afterAll(async () => {
  await sql.close();
  await emptyStore(stores[0] as S3ObjectStore);
  for (const store of stores) await store.close();
  await rm(folder, { recursive: true, force: true });
});

test('workers on partitions of their own all land; two on one partition share it without loss or doubling', async () => {
  const warnings: Error[] = [];
  const checkpoints = new Checkpoints(new DuckDbCheckpoints(sql), folder);
  const open = (store: S3ObjectStore) =>
    new DeltaTable(store, 'electronics/events', { checkpoints, warn: (warning) => warnings.push(warning) });
  let superseded = 0;
  /**
   * Brings a partition from 0 to 8, one row and one commit for each offset; rivals on it start again from
   * what the table says.
   */
  async function work(store: S3ObjectStore, partition: number): Promise<void> {
    const table = open(store);
    const app = `log/events/${partition}`;
    for (;;) {
      const base = await table.snapshot();
      const offset = base?.txns.get(app) ?? 0n;
      if (offset === 8n) return;
      const add = [await someFile(folder, 1, `p${partition}`)];
      try {
        await table.commit(append(base, { add, txns: new Map([[app, offset + 1n]]) }));
      } catch (error) {
        if (!hasCode(error, 'lake:superseded')) throw error;
        superseded += 1;
      }
    }
  }
  // Partitions 0, 1 and 2, each with two workers.
  await Promise.all(stores.map((store, i) => work(store, i % 3)));
  const [store] = stores as [S3ObjectStore];
  const table = new DeltaTable(store, 'electronics/events');
  const end = await table.snapshot();
  expect(end).toMatchObject({ version: 23n, rows: 24n });
  for (const partition of [0, 1, 2]) {
    expect(end?.txns.get(`log/events/${partition}`)).toBe(8n);
    expect(end?.files.filter((file) => file.partition.month === `p${partition}`)).toHaveLength(8);
  }
  expect(superseded).toBeGreaterThan(0);
  expect(warnings).toEqual([]);
  expect((await readdir(folder)).filter((name) => name.startsWith('checkpoint-'))).toEqual([]);
  expect((await open(store).snapshot())?.rows).toBe(24n);
  expect(await dataFiles(store, 'electronics/events')).toHaveLength(24);
  expect((await table.commits(3)).map(({ version, rowsAdded }) => [version, rowsAdded])).toEqual([
    [23n, 1n],
    [22n, 1n],
    [21n, 1n],
  ]);
}, 60_000);

test('files that no commit names are removed', async () => {
  const [store] = stores as [S3ObjectStore];
  await store.put('orphans/part-1.parquet', Buffer.from('12345'));
  const table = new DeltaTable(store, 'orphans');
  await table.commit(append(null, { add: [await someFile(folder, 1, 'x')] }));
  expect(await removeOrphans(table, new Date(Date.now() - 86_400_000))).toEqual({ files: 0, bytes: 0 });
  expect(await removeOrphans(table, new Date(Date.now() + 60_000))).toEqual({ files: 1, bytes: 5 });
  expect(await dataFiles(store, 'orphans')).toHaveLength(1);
});
