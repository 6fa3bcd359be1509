import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, jest } from '@jest/globals';
import { describeSink } from '../conformance/sink.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';
import { sinkOf } from './postgres-sink.ts';

jest.setTimeout(60_000);

let url: string;
let reader: WarehouseReader;
const schemas: string[] = [];

beforeAll(async () => {
  url = (await locate(POSTGRES)).address;
  reader = await WarehouseReader.start();
});
afterAll(async () => {
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
