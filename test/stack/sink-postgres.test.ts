import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { describeSink } from '../conformance/sink.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';
import { sinkOf } from './postgres-sink.ts';

jest.setTimeout(60_000);

let url: string;
let reader: WarehouseReader;
let folder: string;
const schemas: string[] = [];

beforeAll(async () => {
  url = (await locate(POSTGRES)).address;
  reader = await WarehouseReader.start();
  folder = await mkdtemp(join(tmpdir(), 'sink-postgres-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  for (const schema of schemas) await reader.rows(url, `DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await reader.stop();
});

const freshSchema = () => {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  schemas.push(schema);
  return schema;
};

describe.each(['batch', 'partition'] as const)('write mode %s', (writeMode) => {
  const make = () => {
    const schema = freshSchema();
    const tables = [{ schema, table: 'profiles' }];
    return {
      connect: () => sinkOf({ url, dataset: 'shop', tables, writeMode, partBytes: 1 }),
      async documents() {
        const table = `${schema}.profiles`;
        const [{ there = false } = {}] = await reader.rows(
          url,
          `SELECT to_regclass('${table}') IS NOT NULL AS there`,
        );
        const rows = there ? await reader.rows(url, `SELECT * FROM ${table}`) : [];
        const shown = rows.map((row) => Object.entries(row).filter(([, value]) => value !== null));
        return Object.fromEntries(shown.map((row) => [row[0]?.[1], Object.fromEntries(row)]));
      },
    };
  };
  describeSink('postgres', 'rows', make, writeMode === 'partition');
});

test('rows that were read leave no deadline running, also where not all of them were wanted', async () => {
  const fields = [{ name: 'id', type: 'long', key: true }] as const;
  const own = sinkOf({ url, dataset: 'shop', tables: [{ schema: freshSchema(), table: 'profiles' }] });
  await own.open(fields, 'table-1');
  const file = join(folder, 'changes.tsv');
  await writeFile(file, 'f\t1\nf\t2\n');
  await own.apply(file, 0n);
  await own.finish(0n);
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  for await (const page of own.pages(fields)) expect(page).toEqual(['f\t1', 'f\t2']);
  for await (const _ of own.pages(fields)) break;
  expect(timers()).toBe(before);
  await own.close();
});
