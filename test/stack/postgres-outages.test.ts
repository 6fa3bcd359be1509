import { randomUUID } from 'node:crypto';
import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { PostgresAddress } from '../../adapters/postgres/connection.ts';
import type { PostgresSink } from '../../adapters/postgres/sink.ts';
import type { SinkField } from '../../core/sink.ts';
import { fileOf } from '../conformance/changes-file.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { startPostgres, urlOf } from '../servers/postgres.ts';
import { stopServer } from '../servers/server.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';
import { sinkOf } from './postgres-sink.ts';

jest.setTimeout(120_000);

const FIELDS: SinkField[] = [
  { name: 'id', type: 'string', key: true },
  { name: 'n', type: 'long', key: false },
];
const IMPATIENT = { deadlines: { patience: 300 } };

let postgres: OwnPostgres;
let reader: WarehouseReader;
let schema: string;
let opened: PostgresSink[];

beforeAll(async () => {
  postgres = await startOwnPostgres();
  reader = await WarehouseReader.start();
});
afterAll(async () => {
  await reader.stop();
  await postgres.remove();
});
beforeEach(() => {
  schema = `test_${randomUUID().replaceAll('-', '')}`;
  opened = [];
});
afterEach(async () => {
  for (const sink of opened) await sink.close();
});

const rows = (sql: string) => reader.rows(urlOf(postgres.server), sql.replaceAll('$S', schema));
const versions = () => rows('SELECT lake_version::int AS version FROM $S.eventlake_published');

function connect(more: Partial<PostgresAddress> = {}): PostgresSink {
  const sink = sinkOf({
    url: urlOf(postgres.server),
    dataset: 'shop',
    tables: [{ schema, table: 'profiles' }],
    ...more,
  });
  opened.push(sink);
  return sink;
}

async function apply(sink: PostgresSink, n: number): Promise<bigint | null> {
  const shown = await sink.open(FIELDS, 'table-1');
  const changes = ['a', 'b'].map((id) => ({ id, document: JSON.stringify({ n }) }));
  await sink.apply(fileOf(changes, 'rows', FIELDS), BigInt(n));
  return shown;
}

test('a full disk is an error that may pass, with nothing recorded; the next run publishes', async () => {
  await connect().open(FIELDS, null);
  const [path] = await rows("SELECT pg_relation_filepath('$S.profiles') AS path");
  const file = join(postgres.server.folder, 'data', String(path?.path));
  // The table cannot grow: every write to /dev/full fails with ENOSPC.
  await rename(file, `${file}.kept`);
  await symlink('/dev/full', file);
  const refused = connect(IMPATIENT);
  await apply(refused, 1);
  await expect(refused.finish(1n)).rejects.toMatchObject({
    code: 'warehouse:busy',
    retriable: true,
    message: expect.stringContaining('No space left on device'),
  });
  await rename(`${file}.kept`, file);
  expect(await versions()).toEqual([{ version: null }]);
  const next = connect();
  expect(await apply(next, 1)).toBeNull();
  await next.finish(1n);
  expect(await rows('SELECT id, n FROM $S.profiles ORDER BY id')).toEqual([
    { id: 'a', n: 1 },
    { id: 'b', n: 1 },
  ]);
  expect(await versions()).toEqual([{ version: 1 }]);
});

test('after a failover the sink waits until the standby at its address may be written to', async () => {
  const sink = connect();
  await apply(sink, 1);
  await sink.finish(1n);
  await apply(sink, 2);
  await stopServer(postgres.server, 0);
  await writeFile(join(postgres.server.folder, 'data', 'standby.signal'), '');
  postgres.server = await startPostgres(postgres.server.folder);
  await expect(apply(connect(IMPATIENT), 2)).rejects.toMatchObject({
    code: 'warehouse:busy',
    retriable: true,
    message: expect.stringContaining('read-only transaction'),
  });
  const finished = sink.finish(2n);
  await rows('SELECT pg_promote()');
  await finished;
  expect(await versions()).toEqual([{ version: 2 }]);
  expect(await rows('SELECT n FROM $S.profiles')).toEqual([{ n: 2 }, { n: 2 }]);
});

test('a server without the tables, at the same address, is filled from the beginning by the next run', async () => {
  const sink = connect();
  await apply(sink, 1);
  await sink.finish(1n);
  await apply(sink, 2);
  await rows('DROP SCHEMA $S CASCADE');
  await expect(sink.finish(2n)).rejects.toMatchObject({ code: 'warehouse:altered', retriable: false });
  const next = connect();
  expect(await apply(next, 2)).toBeNull();
  await next.finish(2n);
  expect(await versions()).toEqual([{ version: 2 }]);
});
