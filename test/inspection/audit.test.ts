import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { audit } from '../../inspection/audit.ts';
import { literal, parquet } from '../../lake/sql.ts';
import { newFileOf } from '../../lake/stats.ts';
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
    add: rows.map(newFileOf),
    remove: 'all',
    txns: new Map(),
    operation: 'WRITE',
  });
}

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

  test('counts every row at every hop', async () => {
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
      index: { documents: 3 },
      differences: [],
      notes: [],
    });
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
      [/^events of the profiles = .*: 5 is not 3/],
    ],
    [
      'a profile too few',
      ({ profiles }) => profiles,
      'FROM old WHERE user_id = 1',
      [/^events of the profiles = .*: 1 is not 3/, /^documents of the index = profiles: 2 is not 1/],
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
