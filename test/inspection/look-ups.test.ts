import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UsageError } from '../../core/errors.ts';
import { checkData } from '../../inspection/check-data.ts';
import { highlights, profileOf, rejectedRows } from '../../inspection/rows.ts';
import { status } from '../../inspection/status.ts';
import { archive } from '../../processing/archive.ts';
import { MemoryIndex } from '../processing/fixtures.ts';
import { row, Shop } from './fixtures.ts';

const ROWS = `${row(1, '5.00', 'purchase')}${row(1)}${row(2, '9.99', 'purchase')}${row(3, 'free')}${row(3, 'gratis')}oops\n`;

let shop: Shop;
let empty: Shop;
const index = new MemoryIndex();
beforeAll(async () => {
  shop = await Shop.create();
  empty = await Shop.create();
  await shop.fill('a.csv', ROWS);
  await shop.process(index);
});
afterAll(async () => {
  await shop.place.remove();
  await empty.place.remove();
});

describe('checking a file', () => {
  const check = async (rows: string) => {
    return checkData(shop.electronics.dataset, await shop.file('check.csv', rows), shop.place.engine);
  };

  test('tells what would become of its rows, the most frequent reason first, with the first lines of each', async () => {
    const many = Array.from({ length: 7 }, () => `\n${row(1, '-1')}`).join('');
    expect(await check(`${row(1)}"\n${row(2, 'free')}${many}a,b\n`)).toMatchObject({
      file: expect.stringMatching(/check\.csv$/),
      bytes: expect.any(Number),
      header: [
        'event_time',
        'event_type',
        'product_id',
        'category_id',
        'category_code',
        'brand',
        'price',
        'user_id',
        'user_session',
      ],
      extraColumns: [],
      absentColumns: [],
      rows: 11,
      good: 1,
      findings: [
        { reason: 'price:below_minimum', rows: 7, lines: [6, 8, 10, 12, 14] },
        { reason: 'line:broken_quote', rows: 1, lines: [3] },
        { reason: 'line:wrong_field_count', rows: 1, lines: [19] },
        { reason: 'price:not_a_number', rows: 1, lines: [4] },
      ],
    });
  });

  test('shows of the bad lines, too, the first only', async () => {
    const { findings } = await check('oops\n'.repeat(9));
    expect(findings).toEqual([{ reason: 'line:wrong_field_count', rows: 9, lines: [2, 3, 4, 5, 6] }]);
  });

  test('of good rows, and of none, finds nothing', async () => {
    expect(await check(row(1) + row(2))).toMatchObject({ rows: 2, good: 2, findings: [] });
    expect(await check('')).toMatchObject({ rows: 0, good: 0, findings: [] });
  });
});

describe('looking up', () => {
  test('what was rejected: how often for each reason, and the newest examples', async () => {
    const { files, sql } = shop.place;
    const report = await rejectedRows(shop.tables.rejected, files, sql, 2);
    expect(report).toMatchObject({
      total: 3,
      reasons: [
        { reason: 'price:not_a_number', rows: 2 },
        { reason: 'line:wrong_field_count', rows: 1 },
      ],
    });
    expect(report.examples.length).toBe(2);
    expect((await rejectedRows(shop.tables.rejected, files, sql, 100)).examples.length).toBe(3);
    expect(await rejectedRows(empty.tables.rejected, files, sql, 5)).toEqual({
      total: 0,
      reasons: [],
      examples: [],
    });
  });

  test('a profile by its key', async () => {
    const { files, sql } = shop.place;
    const find = (key: string, from = shop) =>
      profileOf(shop.electronics.model, from.profiles, files, sql, key);
    expect(await find('1')).toMatchObject({ user_id: 1n, events: 2, total_spent: '5.00' });
    expect(await find('0001')).toMatchObject({ user_id: 1n });
    for (const key of ['3', '-9223372036854775808', '9223372036854775807'])
      expect(await find(key)).toBeNull();
    for (const key of [
      '',
      'abc',
      '1.0',
      '1e3',
      ' 1',
      "1' OR 1=1",
      '9223372036854775808',
      '99999999999999999999',
      '--1',
    ]) {
      const failed = find(key);
      await expect(failed).rejects.toBeInstanceOf(UsageError);
      await expect(failed).rejects.toMatchObject({
        code: 'profile:bad_key',
        message: expect.stringContaining(`"${key}" is not a valid user_id`),
      });
    }
    expect(await find('1', empty)).toBeNull();
  });

  test('segments and the largest spenders', async () => {
    const { files, sql } = shop.place;
    const { segments, top } = await highlights(
      shop.electronics.model,
      shop.electronics.dataset.overview,
      shop.profiles,
      files,
      sql,
    );
    expect(segments).toEqual([{ segment: 'buyer', n: 2 }]);
    expect(top.map(({ user_id, purchases, total_spent }) => [user_id, purchases, total_spent])).toEqual([
      [2n, 1, '9.99'],
      [1n, 1, '5.00'],
    ]);
    expect(
      await highlights(shop.electronics.model, shop.electronics.dataset.overview, empty.profiles, files, sql),
    ).toEqual({
      segments: [],
      top: [],
      spent: null,
    });
  });
});

describe('the status', () => {
  const statusOf = ({ log, tables, profiles }: Shop, to: MemoryIndex | null = null) =>
    status({ log, tables, profiles, index: to });

  test('of nothing', async () => {
    expect(await statusOf(empty)).toEqual({
      log: empty.log.description,
      files: [],
      partitions: [],
      lag: 0,
      tables: [],
      profilesUpToDate: true,
      index: null,
    });
  });

  test('says how far each stage is', async () => {
    const before = await statusOf(shop, index);
    expect(before).toMatchObject({
      files: [{ file: expect.stringMatching(/a\.csv$/), rows: 6, complete: true }],
      lag: 0,
      tables: [
        { table: shop.tables.events.path, version: '0', rows: 3, files: 1, bytes: expect.any(Number) },
        { table: shop.tables.rejected.path, version: '0', rows: 3, files: 2 },
        { table: shop.profiles.path, version: '0', rows: 2, files: 1 },
      ],
      profilesUpToDate: true,
      index: { index: 'memory', documents: 2 },
    });
    expect(before.partitions.reduce((sum, { end }) => sum + Number(end), 0)).toBe(6);
    for (const { start, end, archived, lag } of before.partitions)
      expect([start, archived, lag]).toEqual(['0', end, 0]);
    await shop.fill('b.csv', row(5) + row(6));
    const after = await statusOf(shop);
    expect([after.lag, after.partitions.reduce((sum, { lag }) => sum + lag, 0)]).toEqual([2, 2]);
    const context = shop.place.archiveContext(shop.electronics.dataset, shop.log, { tables: shop.tables });
    await archive(context, { ends: shop.log.ranges() });
    expect(await statusOf(shop)).toMatchObject({ lag: 0, profilesUpToDate: false });
  });
});
