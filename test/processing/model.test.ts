import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writtenFile } from '../../adapters/duckdb/file-stats.ts';
import { parquet } from '../../adapters/duckdb/relations.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { eventsFields } from '../../core/lake-tables.ts';
import { literal } from '../../core/sql.ts';
import { DeltaTable } from '../../lake/table.ts';
import { archive } from '../../processing/archive.ts';
import { runModel } from '../../processing/model.ts';
import { append, datasetOf, type Electronics, electronics, event, line, Workplace } from './fixtures.ts';

let place: Workplace;
let shop: Electronics;
beforeAll(async () => {
  place = await Workplace.create();
  shop = await electronics();
});
afterAll(() => place.remove());

describe('the model', () => {
  test('runs again only when there are new events, and replaces all profiles', async () => {
    const log = place.log(1);
    const context = place.archiveContext(shop.dataset, log);
    const derived = place.modelContext(shop, context.tables.events);
    expect(await runModel(derived)).toEqual({ outcome: 'no_events', version: null, rows: 0n });
    await append(log, [
      [0, line('1')],
      [0, line('2')],
    ]);
    await archive(context, { ends: log.ranges() });
    expect(await runModel(derived)).toEqual({ outcome: 'computed', version: 0n, rows: 2n });
    expect(await runModel(derived)).toEqual({ outcome: 'up_to_date', version: 0n, rows: 2n });
    await append(log, [
      [0, line('2', { event_time: '2020-11-02 12:00:00 UTC' })],
      [0, line('3')],
    ]);
    await archive(context, { ends: log.ranges() });
    expect(await runModel(derived)).toEqual({ outcome: 'computed', version: 1n, rows: 3n });
    expect(
      (await place.rows(derived.table, 'user_id')).map(({ events, recency_days }) => [events, recency_days]),
    ).toEqual([
      [1n, 2],
      [2n, 0],
      [1n, 2],
    ]);
    expect((await derived.table.commits(1))[0]?.description).toContain(`over ${context.tables.events.path}`);

    const changed = { ...derived, query: derived.query.replace("'visitor'", "'guest'") };
    expect(await runModel(changed)).toMatchObject({ outcome: 'computed', version: 2n });
    expect(await runModel(changed)).toMatchObject({ outcome: 'up_to_date', version: 2n });
    expect(await runModel(derived)).toMatchObject({ outcome: 'computed', version: 3n });
  });

  test('may give other columns when its SQL has changed; the version before keeps its own', async () => {
    const events = await place.eventsOf(shop.dataset, [line('1'), line('2', { price: '2.50' })]);
    const query = 'SELECT user_id, count(*) AS views, max(price) AS dearest FROM events GROUP BY user_id';
    const model = { table: 'views', sql: 'views.sql', key: ['user_id'], shareBy: 'user_id' };
    const derived = { ...place.modelContext(shop, events), model, query };
    expect(await runModel(derived)).toMatchObject({ outcome: 'computed', version: 0n });
    const changed = { ...derived, query: query.replace('max(price) AS dearest', "'x' AS views_of") };
    expect(await runModel(changed)).toEqual({ outcome: 'computed', version: 1n, rows: 2n });
    expect(await place.rows(derived.table, 'user_id')).toEqual([
      { user_id: 1n, views: 1n, views_of: 'x' },
      { user_id: 2n, views: 1n, views_of: 'x' },
    ]);
    const names = async (version: bigint) =>
      (await new DeltaTable(place.store, derived.table.path).snapshot(version))?.fields.map(
        ({ name }) => name,
      );
    expect(await names(0n)).toEqual(['user_id', 'views', 'dearest']);
    expect(await names(1n)).toEqual(['user_id', 'views', 'views_of']);
  });

  test('finds the events of a touched value in any of many files', async () => {
    const log = place.log(1);
    const context = place.archiveContext(shop.dataset, log);
    const model = { table: 'views', sql: 'views.sql', key: ['user_id'], shareBy: 'user_id' };
    const query = 'SELECT user_id, count(*) AS views FROM events GROUP BY user_id';
    const derived = { ...place.modelContext(shop, context.tables.events), model, query };
    const users = Array.from({ length: 12 }, (_, user) => String(user));
    const bring = async (user: string) => {
      await append(log, [[0, line(user)]]);
      await archive(context, { ends: log.ranges() });
    };
    for (const user of users) await bring(user);
    await runModel(derived);
    for (const user of users) {
      await bring(user);
      await runModel(derived);
    }
    expect((await place.rows(derived.table, 'user_id')).map(({ views }) => views)).toEqual(
      users.map(() => 2n),
    );
  });

  test('over shares is computed wholly where the contract has given its rows another column', async () => {
    const log = place.log(1);
    const narrow = datasetOf('name: n, type: int64');
    const wide = datasetOf('name: n, type: int64', 'name: extra, type: string');
    const context = place.archiveContext(narrow, log);
    const model = { table: 'newest', sql: 'newest.sql', key: ['k'], shareBy: 'k' };
    const query =
      'SELECT * FROM events QUALIFY row_number() OVER (PARTITION BY k ORDER BY ts DESC, n DESC) = 1';
    const derived = { ...place.modelContext(shop, context.tables.events), dataset: narrow, model, query };
    await append(
      log,
      [...'abcdefgh'].map((k) => [0, event(k, '"n":1')] as const),
    );
    await archive(context, { ends: log.ranges() });
    expect(await runModel(derived)).toMatchObject({ version: 0n, rows: 8n });
    await append(log, [[0, event('a', '"n":2,"extra":"x"')]]);
    await archive({ ...context, dataset: wide }, { ends: log.ranges() });
    expect(await runModel({ ...derived, dataset: wide })).toMatchObject({ version: 1n, rows: 8n });
    const rows = await place.rows(derived.table, 'k');
    expect(rows.map(({ k, n, extra }) => [k, n, extra])).toEqual([
      ['a', 2n, 'x'],
      ...[...'bcdefgh'].map((k) => [k, 1n, null]),
    ]);
  });

  test('is computed again when the events are another table of the same version, or it is not known which', async () => {
    const [first, second] = [place.log(1), place.log(1)];
    await append(first, [[0, line('1')]]);
    await append(second, [
      [0, line('2')],
      [0, line('3')],
    ]);
    const { tables, ...context } = place.archiveContext(shop.dataset, first);
    await archive({ ...context, tables }, { ends: first.ranges() });
    const derived = place.modelContext(shop, tables.events);
    expect(await runModel(derived)).toMatchObject({ outcome: 'computed', version: 0n, rows: 1n });

    for (const { path } of [tables.events, tables.rejected])
      for await (const { key } of place.store.list(`${path}/`)) await place.store.delete([key]);
    await archive({ ...context, tables, log: second }, { ends: second.ranges() });
    expect(await runModel(derived)).toMatchObject({ outcome: 'computed', version: 1n, rows: 2n });
    expect(await runModel(derived)).toMatchObject({ outcome: 'up_to_date', version: 1n });

    // As the version before this one wrote it.
    const key = `${derived.table.path}/_delta_log/00000000000000000001.json`;
    const commit = (await place.store.get(key)).toString();
    const id = (await tables.events.snapshot())?.metaData.id;
    await place.store.put(
      key,
      Buffer.from(commit.replace(/,"tags":\{[^}]*\}/, '').replace(`events-version/${id}`, 'events-version')),
    );
    const reopened = { ...derived, table: new DeltaTable(place.store, derived.table.path) };
    expect(await runModel(reopened)).toMatchObject({ outcome: 'computed', version: 2n, rows: 2n });
    expect(await runModel(reopened)).toMatchObject({ outcome: 'up_to_date', version: 2n });
  });

  test('of long values, which repeat and so are small in the files, is computed in smaller shares', async () => {
    const users = Array.from({ length: 3000 }, (_, i) => String(i));
    const brand = 'x'.repeat(20_000);
    const events = await place.eventsOf(
      shop.dataset,
      users.map((user) => line(user, { brand })),
    );
    const sql = await DuckDbSession.open({ temporary: place.temporary, memoryMb: 16, threads: 2 });
    const derived = { ...place.modelContext(shop, events), sql };
    expect(await runModel(derived)).toEqual({ outcome: 'computed', version: 0n, rows: 3000n });
    await sql.close();
    const rows = await place.rows(derived.table, 'user_id');
    expect(rows.map(({ user_id, favourite_brand }) => [String(user_id), favourite_brand === brand])).toEqual(
      users.map((user) => [user, true]),
    );
  }, 120_000);

  test('of a table in which every event was rejected has columns and no rows', async () => {
    const log = place.log(1);
    await append(log, [[0, '{}']]);
    const context = place.archiveContext(shop.dataset, log);
    await archive(context, { ends: log.ranges() });
    const derived = place.modelContext(shop, context.tables.events);
    expect(await runModel(derived)).toEqual({ outcome: 'computed', version: 0n, rows: 0n });
    expect((await derived.table.snapshot())?.fields.map(({ name, type }) => `${name} ${type}`)).toEqual(
      expect.arrayContaining([
        'user_id long',
        'first_seen timestamp',
        'total_spent decimal(18,2)',
        'largest_purchase decimal(12,2)',
        'recency_days integer',
        'segment string',
        'view_to_cart double',
      ]),
    );
  });

  test('run by two at once is committed by one of them', async () => {
    const events = await place.eventsOf(shop.dataset, [line('1')]);
    const context = place.modelContext(shop, events);
    const other = await Workplace.create();
    const results = await Promise.all([
      runModel(context),
      runModel({ ...context, engine: place.engineOn(other.sql) }),
    ]);
    expect(results.map(({ outcome, version }) => [outcome, version]).sort()).toEqual([
      ['computed', 0n],
      ['up_to_date', 0n],
    ]);
    await other.remove();
  });

  test.each([
    ['SELEC 1', 'Parser Error'],
    ['SELECT user_id, count(*) AS events, 0 AS total_spent FROM evnts GROUP BY ALL', 'evnts'],
    ['SELECT user_id, 0 AS total_spent FROM events', 'gives no column events'],
    ['SELECT user_id, count(*) AS events FROM events GROUP BY ALL', 'gives no column total_spent'],
    ['SELECT count(*) AS events, 0 AS total_spent FROM events', 'gives no column user_id'],
  ])('%s is refused with what is wrong with it', async (wrong, message) => {
    const context = place.modelContext(
      { ...shop, query: wrong },
      await place.eventsOf(shop.dataset, [line('1')]),
    );
    await expect(runModel(context)).rejects.toMatchObject({
      code: 'model:invalid',
      message: expect.stringMatching(new RegExp(`^customer_profiles\\.sql .*${message}`, 's')),
    });
    expect(await context.table.snapshot()).toBeNull();
  });

  test('gives the same, however many shares of the keys it is computed in', async () => {
    const path = join(place.folder, 'many');
    // Three quarters of the users have their events in other parts of the table than they began in.
    const rows = await place.sql.rows(`COPY (
  SELECT CAST(epoch_ms(1601510400000 + (i * 7919) % 2592000 * 1000) AS TIMESTAMPTZ) AS event_time,
    CASE i % 10 WHEN 0 THEN 'cart' WHEN 1 THEN 'purchase' ELSE 'view' END AS event_type,
    i % 97 AS product_id, i % 13 AS category_id, CASE WHEN i % 3 > 0 THEN 'c' || i % 7 END AS category_code,
    CASE WHEN i % 4 > 0 THEN 'b' || i % 11 END AS brand, CAST(i % 1000 / 100 AS DECIMAL(12, 2)) AS price,
    CAST(hash(i % 90000) % 90000 AS BIGINT) AS user_id, 's' || i % 90001 AS user_session,
    0 AS log_partition, i AS log_offset, CAST(epoch_ms(0) AS TIMESTAMPTZ) AS log_timestamp, '2020-10' AS event_month
  FROM range(400000) AS r(i)
) TO ${literal(path)} (FORMAT parquet, RETURN_STATS, PARTITION_BY (event_month))`);
    const events = place.table();
    await events.commit({
      base: null,
      fields: eventsFields(shop.dataset),
      partitionBy: ['event_month'],
      add: rows.map((row) => writtenFile(eventsFields(shop.dataset), row)),
      remove: 'none',
      txns: new Map(),
      operation: 'WRITE',
    });
    const context = place.modelContext(shop, events);
    await runModel(context);
    const [snapshot, profiles] = [await events.snapshot(), await context.table.snapshot()];
    if (!snapshot || !profiles) throw new Error('both tables were just written');
    expect(profiles.files.length).toBeGreaterThan(1);
    await place.sql.run(`CREATE VIEW events AS SELECT * FROM ${parquet(await place.files.paths(events, snapshot))};
      CREATE TABLE dataset AS SELECT max(event_time) AS last_event FROM events;
      CREATE TABLE in_one AS ${shop.query};
      CREATE VIEW in_shares AS SELECT * FROM ${parquet(await place.files.paths(context.table, profiles))}`);
    const [difference] = await place.sql.rows(
      'SELECT count(*) AS n, (SELECT count(*) FROM in_one) AS users FROM ((FROM in_one EXCEPT ALL FROM in_shares) UNION ALL (FROM in_shares EXCEPT ALL FROM in_one))',
    );
    expect(difference).toEqual({ n: 0n, users: profiles.rows });
    expect(profiles.rows).toBeGreaterThan(50_000n);
    await place.sql.run('DROP VIEW in_shares; DROP TABLE in_one; DROP TABLE dataset; DROP VIEW events');
  }, 30_000);

  test('of a table without the column shareBy is computed for what new events touch, and keeps the files that they do not', async () => {
    const log = place.log(2);
    const context = place.archiveContext(shop.dataset, log, { batchRows: 20 });
    // A user's key is another one with each event, so that rows must vanish.
    const query = `SELECT CAST(user_id AS VARCHAR) || '-' || CAST(count(*) AS VARCHAR) AS state, max(event_time) AS last_seen
FROM events GROUP BY user_id`;
    const model = { table: 'states', sql: 'states.sql', key: ['state'], shareBy: 'user_id' };
    const derived = { ...place.modelContext(shop, context.tables.events), model, query };
    let users = 100;
    const bring = async (user: number, minute: number) =>
      append(log, [[user % 2, line(String(user), { event_time: `2020-11-02 12:${10 + minute}:00 UTC` })]]);
    for (let user = 0; user < users; user++) await bring(user, 0);
    for (let round = 1; round <= 6; round++) {
      await archive(context, { ends: log.ranges() });
      const before = new Set((await derived.table.snapshot())?.files.map(({ path }) => path));
      expect(await runModel(derived)).toMatchObject({ outcome: 'computed', rows: BigInt(users) });
      const whole = { ...derived, table: place.table() };
      await runModel(whole);
      expect(await place.rows(derived.table, 'state')).toEqual(await place.rows(whole.table, 'state'));
      const kept = (await derived.table.snapshot())?.files.filter(({ path }) => before.has(path)) ?? [];
      // The rounds bring: old and new users; only new ones; only old ones; and again.
      if (round % 3 === 0) expect(kept).toHaveLength(before.size);
      if (round % 3 !== 1) for (let n = 0; n < 3; n++) await bring(users++, round);
      if (round % 3 !== 2) for (let n = 0; n < 3; n++) await bring((7 * round + n) % 100, round);
    }
  }, 60_000);
});
