import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { DuckDbCheckpoints } from '../../adapters/duckdb/checkpoint-format.ts';
import { parquet } from '../../adapters/duckdb/relations.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import { S3ObjectStore } from '../../adapters/s3/object-store.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import type { TableField } from '../../core/data-files.ts';
import type { SqlSession } from '../../core/engine.ts';
import { Checkpoints } from '../../lake/checkpoint.ts';
import { LocalFiles } from '../../lake/local-files.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable } from '../../lake/table.ts';
import { emptyStore } from '../conformance/object-store.ts';
import { expectedRows, type Found, fieldsOf, fill, NEWEST, python } from './delta-table.ts';

const TABLE = 'electronics/events';
const CHECKPOINTED = 10;

const s3 = {
  endpoint: process.env.EVENTLAKE_TEST_MINIO ?? '',
  bucket: `test-${randomUUID()}`,
  accessKey: process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY ?? '',
  secretKey: process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY ?? '',
};
const s3Options = {
  AWS_ENDPOINT_URL: s3.endpoint,
  AWS_ACCESS_KEY_ID: s3.accessKey,
  AWS_SECRET_ACCESS_KEY: s3.secretKey,
  AWS_REGION: 'us-east-1',
  AWS_ALLOW_HTTP: 'true',
};

let folder: string;
let sql: SqlSession;
let checkpoints: Checkpoints;
let fields: TableField[];
let remote: S3ObjectStore;
const warn = (warning: Error) => {
  throw warning;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'readers-'));
  sql = await DuckDbSession.open({ temporary: folder, memoryMb: 300, threads: 2 });
  checkpoints = new Checkpoints(new DuckDbCheckpoints(sql), folder);
  fields = await fieldsOf(sql);
  remote = new S3ObjectStore(s3);
  await remote.ensureBucket();
  for (const store of [new FileObjectStore(join(folder, 'lake')), remote])
    await fill(open(store), sql, folder);
}, 60_000);
afterAll(async () => {
  await sql.close();
  await emptyStore(remote);
  await remote.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (store: ObjectStore) => new DeltaTable(store, TABLE, { checkpoints, warn });

const READ = {
  do: 'read',
  order: ['id'],
  apps: ['log/events/0', 'log/events/1', 'unknown'],
  query: 'SELECT sum(price)::VARCHAR, max(event_time)::VARCHAR, count(*)::VARCHAR FROM delta_rs',
};

/** A copy of the table in the local lake, to be changed. */
async function copied(): Promise<{ store: FileObjectStore; uri: string }> {
  const to = join(folder, randomUUID());
  await cp(join(folder, 'lake'), to, { recursive: true });
  return { store: new FileObjectStore(to), uri: join(to, TABLE) };
}

const beforeCheckpoint = Array.from(
  { length: CHECKPOINTED },
  (_, version) => `${TABLE}/_delta_log/${String(version).padStart(20, '0')}.json`,
);

/** By hand, from the rows' formulas. A file holds every fourth row of ten. */
const FILTERS: { filter: string[][]; files: number; rows: number }[] = [
  // Ids beyond 2^53: rows 30 to 39, the four files of version 3.
  { filter: [['id', '<', '1515966223509089946']], files: 4, rows: 10 },
  { filter: [['price', '<', '40.40']], files: 4, rows: 10 },
  { filter: [['event_time', '<', '2020-09-26T03:57:05+00:00']], files: 4, rows: 10 },
  // Exactly row 30: its bound in the statistics is in whole milliseconds, below.
  { filter: [['event_time', '=', '2020-09-25T17:57:06.123456+00:00']], files: 1, rows: 1 },
  // Exactly row 129, the largest: its bound is in whole milliseconds, above.
  { filter: [['event_time', '=', '2020-09-29T20:57:06.123456+00:00']], files: 1, rows: 1 },
  { filter: [['event_month', '=', '2020-09']], files: 10, rows: 25 },
  { filter: [['event_month', '=', "a b/=%ä'"]], files: 10, rows: 25 },
  // "31" lies between "30" and "38" of one file and between "31" and "39" of another.
  { filter: [['note', '=', 'it\'s "31" €']], files: 2, rows: 1 },
  { filter: [['day', '=', '2020-10-24']], files: 1, rows: 1 },
  { filter: [['n', '>', '98']], files: 1, rows: 1 },
];

describe.each([
  ['on the disk', async () => ({ uri: join(folder, 'lake', TABLE), options: {} })],
  ['on S3', async () => ({ uri: `s3://${s3.bucket}/${TABLE}`, options: s3Options })],
  [
    'from its checkpoint, without the commits before it',
    async () => {
      const { store, uri } = await copied();
      await store.delete(beforeCheckpoint);
      return { uri, options: {} };
    },
  ],
])('delta-rs, pyarrow and DuckDB read a table %s', (_, place) => {
  let found: Found;
  beforeAll(async () => {
    const { uri, options } = await place();
    found = await python(uri, { ...READ, options, filters: FILTERS.map(({ filter }) => filter) });
  }, 30_000);

  test('version, protocol, schema and partitioning', () => {
    expect(found).toMatchObject({ version: 12, protocol: [1, 2], partitionBy: ['event_month'], files: 40 });
    expect(found.schema).toEqual(fields.map(({ name, type }) => [name, `PrimitiveType("${type}")`, true]));
    expect(found.arrow).toEqual({
      id: 'int64',
      n: 'int32',
      price: 'decimal128(18, 2)',
      ratio: 'double',
      flag: 'bool',
      day: 'date32[day]',
      note: 'string',
      nothing: 'string',
      event_time: 'timestamp[us, tz=UTC]',
      event_month: 'string',
    });
  });

  test('every row', async () => {
    expect(found.rows).toEqual(await expectedRows(sql, 30, 130));
    // 1.01 × (30 + … + 129) = 1.01 × 7950
    expect(found.duckdb).toEqual([['8029.50', '2020-09-29 20:57:06.123456+00', '100']]);
  });

  test('how far each application is', () => {
    expect(found.txns).toEqual({
      'log/events/0': '9007199254741005',
      'log/events/1': '9007199254741004',
      unknown: null,
    });
  });

  test('statistics, and files left out by them', () => {
    const file = found.adds.find((add) => add['min.id'] === '1515966223509089937');
    // Rows 31, 35 and 39.
    expect(file).toMatchObject({
      num_records: '3',
      'partition.event_month': "a b/=%ä'",
      'max.id': '1515966223509089945',
      'min.n': '31',
      'min.price': '31.31',
      'max.price': '39.39',
      'max.ratio': 39 / 7,
      'min.day': '2020-10-25',
      'min.note': 'it\'s "31" €',
      'min.event_time': '2020-09-25T18:57:06.123000+00:00',
      'max.event_time': '2020-09-26T02:57:06.124000+00:00',
      'null_count.note': '0',
      'null_count.nothing': '3',
    });
    expect(found.pruned).toEqual(FILTERS.map(({ files, rows }) => ({ files, rows })));
  });
});

describe('other programs and ours on one table', () => {
  test('delta-rs reads an older version and the history', async () => {
    const found = await python(join(folder, 'lake', TABLE), { ...READ, version: 5 });
    expect(found.rows).toEqual(await expectedRows(sql, 30, 60));
    expect(found.operations).toEqual(Array(13).fill('WRITE'));
  });

  test('a checkpoint that delta-rs has written is read, without the commits before it', async () => {
    const { store, uri } = await copied();
    const before = await open(store).snapshot();
    const log = `${TABLE}/_delta_log`;
    await store.delete([`${log}/_last_checkpoint`, `${log}/00000000000000000010.checkpoint.parquet`]);
    await python(uri, { do: 'checkpoint' });
    await store.delete([...beforeCheckpoint, `${log}/00000000000000000010.json`]);
    const after = await open(store).snapshot();
    expect(new Set(after?.files)).toEqual(new Set(before?.files));
    expect(after).toMatchObject({ version: NEWEST, rows: 100n, txns: before?.txns, fields });
    expect(new Set(after?.tombstones)).toEqual(new Set(before?.tombstones));
  });

  test('what delta-rs appends is read, and appended to', async () => {
    const { store, uri } = await copied();
    await python(uri, { do: 'append' });
    const table = open(store);
    const base = await table.snapshot();
    expect(base).toMatchObject({ version: 13n, rows: 200n, partitionBy: ['event_month'] });
    const paths = await new LocalFiles(folder).paths(table, base as Snapshot);
    expect(await sql.rows(`SELECT count(*) AS n, sum(price) AS sum FROM ${parquet(paths)}`)).toEqual([
      { n: 200n, sum: '16059.00' },
    ]);
    const txns = new Map([['log/events/0', 9007199254741100n]]);
    await table.commit({
      base,
      fields,
      partitionBy: ['event_month'],
      add: [],
      remove: 'none',
      txns,
      operation: 'WRITE',
    });
    expect(await python(uri, READ)).toMatchObject({ version: 14, files: base?.files.length });
  });

  test('hyparquet reads a data file', async () => {
    const table = open(remote);
    const snapshot = (await table.snapshot()) as Snapshot;
    const index = snapshot.files.findIndex(({ stats }) =>
      stats.includes('"minValues":{"id":1515966223509089937,'),
    );
    const path = (await new LocalFiles(join(folder, 'copies')).paths(table, snapshot))[index] ?? '';
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
    expect(rows).toHaveLength(3);
    expect(rows[0]).toEqual({
      id: 1515966223509089937n,
      n: 31,
      price: expect.closeTo(31.31, 10),
      ratio: 31 / 7,
      flag: false,
      day: new Date('2020-10-25'),
      note: 'it\'s "31" €',
      nothing: null,
      event_time: new Date('2020-09-25T18:57:06.123Z'),
    });
  });
});
