import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writtenFile } from '../../adapters/duckdb/file-stats.ts';
import { parquet } from '../../adapters/duckdb/relations.ts';
import { literal } from '../../core/sql.ts';
import { audit } from '../../inspection/audit.ts';
import type { DeltaTable } from '../../lake/table.ts';
import { archive } from '../../processing/archive.ts';
import { append, MemoryIndex } from '../processing/fixtures.ts';
import { row, Shop } from './fixtures.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.create();
});
afterEach(() => shop.place.remove());

/** Six rows: three events of two users, one of them twice; one rejected; one dead letter. */
const ROWS = `${row(1)}${row(1)}${row(2, '9.99', 'purchase')}${row(2)}${row(3, 'free')}oops\n`;

/** Replaces the rows of a table by what `query` makes of them; `FROM old` is as they were. */
async function tamper(table: DeltaTable, query: string): Promise<void> {
  const { sql, files, folder } = shop.place;
  const base = await table.snapshot();
  if (!base) throw new Error('there is a table to tamper with');
  const path = join(folder, 'tampered');
  const partition = base.partitionBy.length > 0 ? `, PARTITION_BY (event_month)` : '';
  const month = base.partitionBy.length > 0 ? ", '2020-10' AS event_month" : '';
  await sql.run(
    `CREATE OR REPLACE TEMP VIEW old AS SELECT *${month} FROM ${parquet(await files.paths(table, base))}`,
  );
  const rows = await sql.rows(
    `COPY (${query}) TO ${literal(path)} (FORMAT parquet, RETURN_STATS${partition})`,
  );
  await table.commit({
    base,
    fields: base.fields,
    partitionBy: base.partitionBy,
    add: rows.map((row) => writtenFile(base.fields, row)),
    remove: 'all',
    txns: new Map(),
    operation: 'WRITE',
  });
}

const altered = (text = '') => JSON.stringify({ ...JSON.parse(text), total_spent: 0.01 });

describe('the audit', () => {
  test('of nothing balances', async () => {
    expect(await audit(shop.auditContext())).toEqual({
      dataset: 'electronics',
      balanced: true,
      file: { rows: 0 },
      log: { events: 0, deadLetters: 0, removed: 0 },
      lake: { events: 0, rejected: {}, duplicates: 0 },
      profiles: { users: 0, events: 0, totalSpent: null },
      index: null,
      differences: [],
      notes: [],
    });
  });

  test('counts every row at every stage', async () => {
    await shop.fill('a.csv', ROWS);
    await shop.fill('b.csv', row(1) + row(4, '0.01', 'purchase'));
    const index = new MemoryIndex();
    await shop.process(index);
    expect(await audit(shop.auditContext(index))).toEqual({
      dataset: 'electronics',
      balanced: true,
      file: { rows: 8 },
      log: { events: 7, deadLetters: 1, removed: 0 },
      lake: { events: 6, rejected: { 'line:wrong_field_count': 1, 'price:not_a_number': 1 }, duplicates: 2 },
      profiles: { users: 3, events: 4, totalSpent: '10.00' },
      index: { documents: 3, differing: 0 },
      differences: [],
      notes: [],
    });
  });

  test('tells duplicates from other events of the same moment and user', async () => {
    const others = Array.from({ length: 300 }, (_, user) => row(user));
    const rows = [...others, row(7), row(7), row(8, '0.02'), row(9, '1.00', 'cart'), row(9, '1.00', 'cart')];
    await shop.fill('a.csv', rows.join(''));
    await shop.process();
    const report = await audit(shop.auditContext());
    expect(report).toMatchObject({
      balanced: true,
      lake: { events: rows.length, duplicates: rows.length - new Set(rows).size },
    });
  });

  test('counts the same beside others in one session', async () => {
    await shop.fill('a.csv', ROWS);
    await shop.process();
    const reports = await Promise.all(Array.from({ length: 5 }, () => audit(shop.auditContext())));
    expect(reports.map(({ lake }) => lake.duplicates)).toEqual([1, 1, 1, 1, 1]);
  });

  test('of a log that is not processed yet says so, and what to run', async () => {
    await shop.fill('a.csv', ROWS);
    const report = await audit(shop.auditContext());
    expect(report).toMatchObject({
      balanced: false,
      log: { events: 5, deadLetters: 1 },
      lake: { events: 0 },
    });
    expect(report.differences).toEqual([
      'events + dead letters of the log = events + rejected in the lake: 6 is not 0. Run: eventlake process',
    ]);
  });

  test('of a file that is ingested in part balances: its rows are those of the ledger', async () => {
    await shop.fill('a.csv', ROWS, 3);
    await shop.process();
    expect(await audit(shop.auditContext())).toMatchObject({ balanced: true, file: { rows: 3 } });
  });

  test('sees records in the log that came from no file', async () => {
    await shop.fill('a.csv', ROWS);
    await append(shop.log, [
      [0, row(9)],
      [0, row(8)],
    ]);
    await shop.process();
    expect((await audit(shop.auditContext())).differences).toEqual([
      expect.stringMatching(
        /^rows of the files = events \+ dead letters of the log: 7 is not 8\. .*another producer/,
      ),
    ]);
  });

  test.each<[string, (shop: Shop) => DeltaTable, string, RegExp[]]>([
    [
      'an event too few',
      ({ tables }) => tables.events,
      "FROM old WHERE event_type = 'view'",
      [
        /^events \+ dead letters of the log = events \+ rejected in the lake: 6 is not 5/,
        /^events of the profiles = events in the lake − duplicates: 3 is not 2/,
      ],
    ],
    [
      'an event twice instead of another',
      ({ tables }) => tables.events,
      'SELECT * REPLACE (CASE WHEN user_id = 1 THEN max(log_offset) OVER (PARTITION BY user_id) ELSE log_offset END AS log_offset) FROM old',
      [/^events\/\d: the lake has as many records as the log, but not the same offsets$/],
    ],
    [
      'an event in another partition',
      ({ tables }) => tables.events,
      'SELECT * REPLACE (1 - log_partition AS log_partition) FROM old WHERE user_id = 2 UNION ALL FROM old WHERE user_id <> 2',
      [/^events\/0: \d records in the log are not \d in the lake$/, /^events\/1: \d records in the log/],
    ],
    [
      'a dead letter that became an event of nobody',
      ({ tables }) => tables.rejected,
      "SELECT * REPLACE ('value:null' AS reason) FROM old",
      [/^events\/0: \d records in the log/, /^dead-letters\/0: 1 records in the log are not 0 in the lake$/],
    ],
    [
      'a rejected row twice',
      ({ tables }) => tables.rejected,
      'FROM old UNION ALL (FROM old LIMIT 1)',
      [/^events \+ dead letters of the log = .*: 6 is not 7/],
    ],
    [
      'a profile that counts too much',
      ({ profiles }) => profiles,
      'SELECT * REPLACE (events + 1 AS events) FROM old',
      [
        /^events of the profiles = .*: 5 is not 3/,
        /^documents of the index as their profiles: 2 of 2 differ \(1, 2\)\. Run: .*--republish$/,
      ],
    ],
    [
      'a profile too few',
      ({ profiles }) => profiles,
      'FROM old WHERE user_id = 1',
      [
        /^events of the profiles = .*: 1 is not 3/,
        /^documents of the index = profiles: 2 is not 1, 1 differ \(2\)/,
      ],
    ],
  ])('sees %s', async (_what, table, query, differences) => {
    const index = new MemoryIndex();
    await shop.fill('a.csv', ROWS);
    await shop.process(index);
    await tamper(table(shop), query);
    const report = await audit(shop.auditContext(index));
    expect(report.balanced).toBe(false);
    expect(report.differences).toEqual(differences.map((difference) => expect.stringMatching(difference)));
  });

  test('sees a document too few', async () => {
    const index = new MemoryIndex();
    await shop.fill('a.csv', ROWS);
    await shop.process(index);
    index.documents.delete('1');
    expect((await audit(shop.auditContext(index))).differences).toEqual([
      expect.stringMatching(/^documents of the index = profiles: 1 is not 2/),
    ]);
  });

  test.each<[string, (index: MemoryIndex) => void, number, string]>([
    ['altered', ({ documents }) => documents.set('2', altered(documents.get('2'))), 1, '2'],
    [
      'added and another removed',
      ({ documents }) => {
        documents.delete('1');
        documents.set('9', '{}');
      },
      2,
      '1, 9',
    ],
    ['emptied', ({ documents }) => documents.set('1', '{}'), 1, '1'],
  ])('sees a document that was %s though their number is right', async (_, harm, differing, ids) => {
    const index = new MemoryIndex();
    await shop.fill('a.csv', ROWS);
    await shop.process(index);
    harm(index);
    const report = await audit(shop.auditContext(index));
    expect(report).toMatchObject({ balanced: false, index: { documents: 2, differing } });
    expect(report.differences).toEqual([
      expect.stringContaining(`${differing} of 2 differ (${ids}). Run: eventlake process`),
    ]);
  });

  test('takes no offence at how an index writes numbers and orders fields', async () => {
    const index = new MemoryIndex();
    await shop.fill('a.csv', ROWS);
    await shop.process(index);
    for (const [id, text] of index.documents) {
      const turned = Object.entries(JSON.parse(text)).toReversed();
      index.documents.set(id, JSON.stringify(Object.fromEntries(turned), null, 1).replaceAll('\n', ''));
    }
    expect(await audit(shop.auditContext(index))).toMatchObject({ balanced: true });
  });

  test('names the first ids of many', async () => {
    const index = new MemoryIndex();
    await shop.fill('a.csv', Array.from({ length: 30 }, (_, i) => row(100 + i)).join(''));
    await shop.process(index);
    index.documents.clear();
    const ids = Array.from({ length: 10 }, (_, i) => 100 + i).join(', ');
    expect((await audit(shop.auditContext(index))).differences).toEqual([
      expect.stringContaining(`0 is not 30, 30 differ (${ids}, …)`),
    ]);
  });

  test('names another program that took rows out of a table, and how to get them back', async () => {
    await shop.fill('a.csv', ROWS);
    await shop.process();
    const { events } = shop.tables;
    await tamper(events, "FROM old WHERE event_type = 'view'");
    const key = `${events.path}/_delta_log/${String((await events.snapshot())?.version).padStart(20, '0')}.json`;
    const body = (await shop.place.store.get(key)).toString();
    const info = JSON.stringify({ commitInfo: { operation: 'DELETE', engineInfo: 'delta-rs:1' } });
    await shop.place.store.put(key, Buffer.from(body.replace(/^.*\n/, `${info}\n`)));
    await shop.process();
    const { differences } = await audit(shop.auditContext());
    expect(differences).toEqual([
      expect.stringContaining('events + rejected in the lake: 6 is not 5'),
      expect.stringMatching(
        new RegExp(
          `^table ${events.path} was changed by delta-rs:1: version \\d+ \\(DELETE\\) removed .*reset --yes`,
        ),
      ),
    ]);
  });

  test('fails where a file of a table that nothing is published from is damaged', async () => {
    await shop.fill('a.csv', ROWS);
    await shop.process();
    const { profiles } = shop;
    const [file] = (await profiles.snapshot())?.files ?? [];
    const key = `${profiles.path}/${file?.path}`;
    const bytes = Buffer.from(await shop.place.store.get(key));
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    await shop.place.store.put(key, bytes);
    const context = {
      ...shop.auditContext(),
      profiles: null,
      derived: new Map([['customer_profiles', profiles]]),
    };
    await expect(audit(context)).rejects.toMatchObject({ code: 'lake:corrupt' });
  });

  test('sees profiles that are older than the events', async () => {
    await shop.fill('a.csv', ROWS);
    await shop.process();
    await shop.fill('b.csv', row(7));
    const { profiles, ...rest } = shop.auditContext();
    const context = shop.place.archiveContext(shop.electronics.dataset, shop.log, { tables: shop.tables });
    await archive(context, { ends: shop.log.ranges() });
    expect((await audit({ ...rest, profiles })).differences).toEqual([
      expect.stringMatching(/^events of the profiles = .*: 3 is not 4/),
    ]);
  });

  test('counts in the lake what retention has taken from the log, and says so', async () => {
    await shop.fill('a.csv', ROWS);
    await shop.process();
    const folder = shop.log.description.replace('local log in ', '');
    // The log's first file, that of the writer, and a chunk of two rows.
    for (const n of [0, 1, 2]) await rm(join(folder, `${String(n).padStart(20, '0')}.chunk`));
    const report = await audit(shop.auditContext());
    expect(report).toMatchObject({
      balanced: true,
      log: { events: 3, deadLetters: 1, removed: 2 },
      lake: { events: 4 },
    });
    expect(report.notes).toEqual([
      expect.stringMatching(
        /^events\/\d begins at offset 2: what was before it has been removed by retention/,
      ),
    ]);
  });

  test('of a data file that is gone says which', async () => {
    await shop.fill('a.csv', ROWS);
    await shop.process();
    const { events } = shop.tables;
    const [file] = (await events.snapshot())?.files ?? [];
    await shop.place.store.delete([`${events.path}/${file?.path}`]);
    await expect(audit(shop.auditContext())).rejects.toMatchObject({
      code: 'object:missing',
      message: expect.stringContaining(file?.path ?? '?'),
    });
  });
});
