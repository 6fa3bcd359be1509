import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import type { PostgresAddress } from '../../adapters/postgres/connection.ts';
import type { PostgresSink } from '../../adapters/postgres/sink.ts';
import { hasCode } from '../../core/errors.ts';
import type { SinkField } from '../../core/sink.ts';
import { fileOf } from '../conformance/changes-file.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';
import { waitFor } from '../wait-for.ts';
import { sinkOf } from './postgres-sink.ts';

jest.setTimeout(120_000);

const TABLE_ID = 'table-1';
const FIELDS: SinkField[] = [
  { name: 'id', type: 'string', key: true },
  { name: 'n', type: 'long', key: false },
];

let url: string;
/** What the test itself asks by, and what it holds locks by. */
let client: Client;
let holder: Client;
let schema: string;
let opened: PostgresSink[] = [];

beforeAll(async () => {
  url = (await locate(POSTGRES)).address;
  client = new Client({ connectionString: url });
  holder = new Client({ connectionString: url });
  await Promise.all([client.connect(), holder.connect()]);
});
afterAll(() => Promise.all([client.end(), holder.end()]));
beforeEach(() => {
  schema = `test_${randomUUID().replaceAll('-', '')}`;
  opened = [];
});
afterEach(async () => {
  await holder.query('ROLLBACK');
  for (const sink of opened) await sink.close();
  await client.query(`DROP SCHEMA ${schema} CASCADE`);
});

function connect(writeMode: 'batch' | 'partition', more: Partial<PostgresAddress> = {}): PostgresSink {
  const tables = [{ schema, table: 'profiles' }];
  const sink = sinkOf({ url, dataset: 'shop', tables, writeMode, partBytes: 1, ...more });
  opened.push(sink);
  return sink;
}
/** Such a writer waits for the locks of others no longer than 50 ms. */
const IMPATIENT = { deadlines: { lock: 50, patience: 100 } };

async function send(sink: PostgresSink, ids: number, version: bigint): Promise<void> {
  await sink.open(FIELDS, TABLE_ID);
  const rows = Array.from({ length: ids }, (_, id) => ({
    id: `${id}`,
    document: JSON.stringify({ n: Number(version) }),
  }));
  await sink.apply(fileOf(rows, 'rows', FIELDS), version);
}
async function publish(sink: PostgresSink, ids: number, version: bigint): Promise<void> {
  await send(sink, ids, version);
  await sink.finish(version);
}

/** Begins to publish a version, which waits for a row that the test has locked. */
async function beginHeld(
  writeMode: 'batch' | 'partition',
  version: bigint,
): Promise<{ done: Promise<void> }> {
  await holder.query(`BEGIN; SELECT FROM ${schema}.profiles WHERE id = '399' FOR UPDATE`);
  const { rows } = await holder.query('SELECT pg_backend_pid() AS pid');
  const done = publish(connect(writeMode), 400, version);
  const waiting = `SELECT FROM pg_stat_activity WHERE ${rows[0].pid} = ANY (pg_blocking_pids(pid))`;
  await waitFor(async () => (await client.query(waiting)).rows.length > 0);
  return { done };
}

/** How many rows show this version; all of them belong to the version that the sink finds. */
async function shown(version: bigint): Promise<{ version: bigint | null; rows: number }> {
  const { rows } = await client.query(
    `SELECT count(*)::int AS rows FROM ${schema}.profiles WHERE n = ${version}`,
  );
  return { version: await connect('batch').open(FIELDS, TABLE_ID), rows: rows[0].rows };
}

test.each(['batch', 'partition'] as const)(
  'a writer waits for another one (%s) longer than for a lock',
  async (writeMode) => {
    await publish(connect(writeMode), 400, 1n);
    const early = connect(writeMode, IMPATIENT);
    await send(early, 400, 2n);
    const long = await beginHeld(writeMode, 2n);
    const late = connect(writeMode, IMPATIENT);
    let ended = 0;
    const waiting = [early.finish(2n), late.open(FIELDS, TABLE_ID)].map((call) =>
      call.finally(() => {
        ended += 1;
      }),
    );
    await sleep(1000);
    expect(ended).toBe(0);
    await holder.query('ROLLBACK');
    const outcomes = await Promise.allSettled([long.done, ...waiting]);
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (writeMode === 'batch') {
      expect(failures).toEqual([]);
      expect(await late.open(FIELDS, TABLE_ID)).toBe(2n);
    }
    // Between two transactions of one writer over several connections the other may take the tables.
    expect(failures.every((error) => hasCode(error, 'warehouse:superseded'))).toBe(true);
    expect(failures.length).toBeLessThan(2);
    expect(await shown(2n)).toEqual({ version: 2n, rows: 400 });
  },
);
