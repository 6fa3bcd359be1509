import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import type { PostgresAddress } from '../../adapters/postgres/connection.ts';
import type { PostgresSink } from '../../adapters/postgres/sink.ts';
import type { PublishedDataset } from '../../adapters/postgres/tables.ts';
import type { SinkField } from '../../core/sink.ts';
import { Random } from '../../generator/random.ts';
import { type Change, fileOf } from '../conformance/changes-file.ts';
import type { Injected } from '../faults/injected.ts';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { startPostgres, urlOf } from '../servers/postgres.ts';
import { stopServer } from '../servers/server.ts';
import { waitFor } from '../wait-for.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';
import { sinkOf } from './postgres-sink.ts';

jest.setTimeout(120_000);

const TABLE_ID = 'table-1';
const FIELDS: SinkField[] = [
  { name: 'id', type: 'string', key: true },
  { name: 'n', type: 'long', key: false },
  { name: 'note', type: 'string', key: false },
];

let postgres: OwnPostgres;
let proxy: TcpProxy;
let reader: WarehouseReader;
let schema: string;
let opened: PostgresSink[];

beforeAll(async () => {
  postgres = await startOwnPostgres();
  proxy = await startTcpProxy(postgres.server.port);
  reader = await WarehouseReader.start();
});
afterAll(async () => {
  await reader.stop();
  await proxy.close();
  await postgres.remove();
});
beforeEach(() => {
  schema = `test_${randomUUID().replaceAll('-', '')}`;
  opened = [];
});
afterEach(async () => {
  proxy.heal();
  for (const sink of opened) await sink.close();
});

const rows = (sql: string) => reader.rows(urlOf(postgres.server), sql.replaceAll('$S', schema));
const throughProxy = () => urlOf({ port: proxy.port });

function connect(
  url = urlOf(postgres.server),
  more: Partial<PostgresAddress & PublishedDataset> = {},
): PostgresSink {
  const sink = sinkOf({ url, dataset: 'shop', tables: [{ schema, table: 'profiles' }], ...more });
  opened.push(sink);
  return sink;
}

const change = (id: string, n: number, note: string | null = null): Change => ({
  id,
  document: JSON.stringify({ n, note }),
});
const changes = (list: readonly Change[], fields = FIELDS) => fileOf(list, 'rows', fields);

async function publish(sink: PostgresSink, list: readonly Change[], version: bigint, fields = FIELDS) {
  await sink.open(fields, TABLE_ID);
  await sink.apply(changes(list, fields), version);
  await sink.finish(version);
}
/** What the table shows, and the version that is recorded. */
async function shown(): Promise<{ version: unknown; rows: unknown[] }> {
  const [published] = await rows('SELECT lake_version::text AS version FROM $S.eventlake_published');
  return { version: published?.version, rows: await rows('SELECT id, n FROM $S.profiles ORDER BY id') };
}

/** A session that holds a lock until it is ended. */
async function locking(statement: string): Promise<Client> {
  const client = new Client({ connectionString: urlOf(postgres.server) });
  await client.connect();
  await client.query('BEGIN');
  await client.query(statement.replaceAll('$S', schema));
  return client;
}

describe('a connection that breaks', () => {
  test.each(['batch', 'partition'] as const)(
    'at random moments costs no row and doubles none, in the mode %s',
    async (writeMode) => {
      const seed = Date.now() % 1_000_000;
      const random = new Random(seed, 0);
      const all = (version: number) =>
        Array.from({ length: 3000 }, (_, n) => change(`${n}`, n * version, 'x'.repeat(40)));
      const faults: Injected[] = [];
      const sink = connect(throughProxy(), { writeMode, partBytes: 20_000 });
      await publish(sink, all(1), 1n);
      for (let version = 2; version <= 9; version++) {
        const breaking = (async () => {
          for (let i = 0; i < 3; i++) {
            await sleep(random.below(60));
            faults.push(
              proxy.inject(
                { kind: random.below(2) === 0 ? 'reset' : 'close', afterBytes: random.below(400) },
                1,
              ),
            );
          }
        })();
        await publish(sink, all(version), BigInt(version));
        await breaking;
        const [sums] = await rows(
          'SELECT count(*)::int AS rows, sum(n)::int AS sum, (SELECT lake_version::int FROM $S.eventlake_published) AS version FROM $S.profiles',
        );
        expect({ seed, ...sums }).toEqual({ seed, rows: 3000, sum: (version * 2999 * 3000) / 2, version });
      }
      expect(faults.reduce((sum, { fired }) => sum + fired, 0)).toBeGreaterThan(5);
    },
  );

  test('right after the commit was sent records the version once', async () => {
    const sink = connect(throughProxy());
    await publish(sink, [change('a', 1)], 1n);
    await sink.open(FIELDS, TABLE_ID);
    await sink.apply(changes([change('a', 2)]), 2n);
    const held = await locking('SELECT FROM $S.eventlake_published FOR UPDATE');
    const finished = sink.finish(2n);
    await sleep(300);
    // The answers to the statements that follow, COMMIT's too, are lost.
    const fault = proxy.inject({ kind: 'reset', afterBytes: 60 }, 1);
    await held.query('COMMIT');
    await held.end();
    await finished;
    expect(fault.fired).toBe(1);
    expect(await shown()).toEqual({ version: '2', rows: [{ id: 'a', n: 2 }] });
  });

  test('that nothing answers on any more is given up', async () => {
    const sink = connect(throughProxy(), { deadlines: { connect: 300, statement: 500, patience: 600 } });
    await publish(sink, [change('a', 1)], 1n);
    const fault = proxy.inject({ kind: 'hang' });
    await expect(publish(sink, [change('a', 2)], 2n)).rejects.toMatchObject({
      code: 'warehouse:unreachable',
      retriable: true,
    });
    fault.heal();
    await publish(sink, [change('a', 2)], 2n);
    expect(await shown()).toEqual({ version: '2', rows: [{ id: 'a', n: 2 }] });
  });

  test('ends at once with the reason of the signal', async () => {
    const stop = new AbortController();
    const sink = connect(urlOf(postgres.server), { signal: stop.signal });
    await publish(sink, [change('a', 1)], 1n);
    const held = await locking('LOCK TABLE $S.profiles');
    const waiting = publish(sink, [change('a', 2)], 2n);
    setTimeout(() => stop.abort(new Error('told to stop')), 300);
    await expect(waiting).rejects.toThrow('told to stop');
    await held.end();
    expect(await shown()).toMatchObject({ version: '1' });
  });
});

test('a writer over several connections that is interrupted leaves what the next one puts right', async () => {
  const stop = new AbortController();
  const parts = { writeMode: 'partition', partBytes: 1 } as const;
  const all = (n: number, more: string[] = []) =>
    [...Array.from({ length: 400 }, (_, i) => `${i}`), ...more].map((id) => change(id, n));
  await publish(connect(urlOf(postgres.server), parts), all(1, ['gone']), 1n);
  const sink = connect(urlOf(postgres.server), { ...parts, signal: stop.signal });
  const held = await locking("SELECT FROM $S.profiles WHERE id = '399' FOR UPDATE");
  const interrupted = publish(sink, [change('mistaken', 2), ...all(2), { id: 'gone', document: null }], 2n);
  // All parts but that of the locked row are written.
  await waitFor(async () => (await rows('SELECT FROM $S.profiles WHERE n = 2')).length >= 300);
  stop.abort(new Error('killed'));
  await expect(interrupted).rejects.toThrow('killed');
  await held.end();
  const [left] = await rows(
    'SELECT lake_version::int AS version, writing IS NULL AS done FROM $S.eventlake_published',
  );
  expect(left).toEqual({ version: 1, done: false });
  const next = connect(urlOf(postgres.server), parts);
  expect(await next.open(FIELDS, TABLE_ID)).toBeNull();
  await next.apply(changes(all(3)), 3n);
  await next.finish(3n);
  const after = await shown();
  expect(after.version).toBe('3');
  expect(after.rows).toHaveLength(400);
  expect(new Set(after.rows.map((row) => (row as { n: number }).n))).toEqual(new Set([3]));
  expect(await connect(urlOf(postgres.server), parts).open(FIELDS, TABLE_ID)).toBe(3n);
});

test('a server that is killed and started again has the version before or the next, and the sink goes from there', async () => {
  const sink = connect();
  await publish(sink, [change('a', 1), change('b', 1)], 1n);
  await sink.open(FIELDS, TABLE_ID);
  await sink.apply(changes([change('a', 2), { id: 'b', document: null }]), 2n);
  process.kill(postgres.server.pid, 'SIGKILL');
  const finished = sink.finish(2n);
  await stopServer(postgres.server, 0);
  postgres.server = await startPostgres(postgres.server.folder);
  await finished;
  expect(await shown()).toEqual({ version: '2', rows: [{ id: 'a', n: 2 }] });
});

describe('refused, with nothing recorded:', () => {
  let sink: PostgresSink;
  beforeEach(async () => {
    sink = connect(urlOf(postgres.server), { deadlines: { lock: 200, patience: 600 } });
    await publish(sink, [change('a', 1)], 1n);
  });
  const before = { version: '1', rows: [{ id: 'a', n: 1 }] };

  test('a table that another session has locked, until it lets go', async () => {
    const held = await locking('LOCK TABLE $S.profiles IN SHARE MODE');
    await expect(publish(sink, [change('a', 2)], 2n)).rejects.toMatchObject({
      code: 'warehouse:busy',
      retriable: true,
      message: expect.stringContaining('lock timeout'),
    });
    await held.end();
    expect(await shown()).toEqual(before);
    await publish(sink, [change('a', 2)], 2n);
    expect(await shown()).toMatchObject({ version: '2' });
  });

  test.each([
    ['a NUL in a text', [change('fine', 1), change('bad', 1, 'a\0b')], /The row id bad cannot .*0x00/],
    [
      'a number that is too large',
      [change('bad', 1e19)],
      /The row id bad cannot .*column n: "10000000000000000000"/,
    ],
    [
      'a key that is longer than an index takes',
      [
        change(
          Array.from({ length: 9000 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join(
            '',
          ),
          1,
        ),
      ],
      /table test_\w+\.profiles: index row (size|requires) \d+/,
    ],
    ['a key that is there twice', [change('twice', 1), change('twice', 2)], /a second time/],
  ])('%s', async (_, list, message) => {
    await expect(publish(sink, [change('a', 2), ...list], 2n)).rejects.toMatchObject({
      code: 'warehouse:rejected',
      retriable: false,
      message: expect.stringMatching(message),
    });
    expect(await shown()).toEqual(before);
  });

  test.each([
    ['a column that was dropped', 'DROP COLUMN note', 'the column note is missing'],
    [
      'a column of another type',
      'ALTER COLUMN n TYPE integer',
      'the column n is integer, and was made as bigint',
    ],
    ['a key that was dropped', 'DROP CONSTRAINT profiles_pkey', 'the primary key is not (id)'],
    ['a column that wants a value', 'ADD COLUMN more text NOT NULL', 'the column more was added'],
    ['a table that was renamed', 'RENAME TO others', 'the table was dropped'],
  ])('%s', async (_, alteration, message) => {
    await sink.open(FIELDS, TABLE_ID);
    await sink.apply(changes([change('a', 2)]), 2n);
    await rows(`DELETE FROM $S.profiles WHERE ${alteration.includes('NOT NULL')}`);
    await rows(`ALTER TABLE $S.profiles ${alteration}`);
    const refused = {
      code: 'warehouse:altered',
      retriable: false,
      message: expect.stringContaining(message),
    };
    await expect(sink.finish(2n)).rejects.toMatchObject(refused);
    await expect(connect().open(FIELDS, TABLE_ID)).rejects.toMatchObject(refused);
    expect(await rows('SELECT lake_version::int AS version FROM $S.eventlake_published')).toEqual([
      { version: 1 },
    ]);
  });

  test('a column that a row can do without is left as it is', async () => {
    await rows('ALTER TABLE $S.profiles ADD COLUMN seen timestamptz DEFAULT now(), ADD COLUMN more text');
    await publish(sink, [change('a', 2), change('b', 2)], 2n);
    expect(await rows('SELECT id, n, seen IS NOT NULL AS seen FROM $S.profiles ORDER BY id')).toEqual([
      { id: 'a', n: 2, seen: true },
      { id: 'b', n: 2, seen: true },
    ]);
  });

  test('a table of this name that eventlake did not make, or made for another dataset', async () => {
    await rows('CREATE TABLE $S.others (id text)');
    const other = sinkOf({
      url: urlOf(postgres.server),
      dataset: 'shop',
      tables: [{ schema, table: 'others' }],
    });
    opened.push(other);
    await expect(other.open(FIELDS, TABLE_ID)).rejects.toMatchObject({ code: 'warehouse:name_taken' });
    const another = sinkOf({
      url: urlOf(postgres.server),
      dataset: 'bakery',
      tables: [{ schema, table: 'profiles' }],
    });
    opened.push(another);
    await expect(another.open(FIELDS, TABLE_ID)).rejects.toMatchObject({
      code: 'warehouse:name_taken',
      message: expect.stringContaining('dataset shop'),
    });
    await another.wipe();
    expect(await shown()).toEqual(before);
  });
});

describe('who may not:', () => {
  const as = (user: string, password = 'secret-word') =>
    urlOf(postgres.server).replace(/\/\/.*@/, `//${user}:${password}@`);

  test('a role without rights is forbidden, by name of what it lacks', async () => {
    const role = `role_${schema}`;
    await rows(`CREATE ROLE ${role} LOGIN PASSWORD 'secret-word'`);
    await expect(connect(as(role)).open(FIELDS, TABLE_ID)).rejects.toMatchObject({
      code: 'warehouse:forbidden',
      retriable: false,
      message: expect.stringMatching(/permission denied for database/),
    });
    await publish(connect(), [change('a', 1)], 1n);
    await rows(`GRANT USAGE ON SCHEMA $S TO ${role}`);
    await rows(`GRANT SELECT ON ALL TABLES IN SCHEMA $S TO ${role}`);
    const poor = connect(as(role));
    expect(await poor.count()).toBe(1);
    await poor.open(FIELDS, TABLE_ID);
    await poor.apply(changes([change('a', 2)]), 2n);
    await expect(poor.finish(2n)).rejects.toMatchObject({
      code: 'warehouse:forbidden',
      message: expect.stringMatching(/permission denied for table eventlake_published/),
    });
    expect(await shown()).toEqual({ version: '1', rows: [{ id: 'a', n: 1 }] });
  });

  test("the stack's roles: the pipeline has what it needs and no more, and a reader reads what it publishes", async () => {
    const file = join(import.meta.dirname, '../../config/postgres/roles.sql');
    for (const role of ['eventlake', 'reader'])
      await writeFile(join(postgres.folder, `${role}-password`), `${role}-secret`, { mode: 0o644 });
    await rows('CREATE DATABASE warehouse');
    const admin = urlOf(postgres.server).replace(/postgres$/, 'warehouse');
    await reader.rows(
      admin,
      (await readFile(file, 'utf8')).replaceAll('/run/postgres-root', postgres.folder),
    );
    const [pipeline, report] = ['eventlake', 'reader'].map((role) =>
      admin.replace(/\/\/.*@/, `//${role}:${role}-secret@`),
    );
    schema = 'public';
    await publish(connect(pipeline), [change('a', 1)], 1n);
    const ask = (sql: string) => reader.rows(report ?? '', sql);
    expect(await ask('SELECT id, n FROM profiles')).toEqual([{ id: 'a', n: 1 }]);
    expect(await ask('SELECT lake_version FROM eventlake_published')).toEqual([{ lake_version: 1 }]);
    for (const sql of [
      'DELETE FROM profiles',
      'CREATE TABLE mine (n int)',
      'CREATE TEMPORARY TABLE mine (n int)',
    ])
      await expect(ask(sql)).rejects.toThrow('permission denied');
    for (const sql of ['CREATE SCHEMA mine', 'CREATE ROLE mine', "SELECT pg_read_file('/etc/passwd')"])
      await expect(reader.rows(pipeline ?? '', sql)).rejects.toThrow(/permission denied/);
  });

  test.each([
    [
      'a wrong password',
      () => as('eventlake_test', 'wrong-word'),
      'warehouse:unauthorized',
      /password authentication failed/,
    ],
    [
      'an unknown database',
      () => urlOf(postgres.server).replace(/postgres$/, 'nowhere'),
      'warehouse:unauthorized',
      /database "nowhere" does not exist/,
    ],
    ['an address without a server', () => urlOf({ port: 1 }), 'warehouse:unreachable', /ECONNREFUSED/],
  ])('%s, without a secret in the message', async (_, address, code, message) => {
    const failure = await connect(address())
      .open(FIELDS, TABLE_ID)
      .catch((error) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(JSON.stringify([failure.message, failure.hint, connect(address()).description])).not.toMatch(
      /secret|wrong-word/,
    );
  });
});
