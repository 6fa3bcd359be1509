import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generate } from '../../generator/generate.ts';
import { loadShape } from '../../generator/shape.ts';

/** What test/oracle/shape.py prints. */
interface Measured {
  [figure: string]: unknown;
  bytes: number;
  types: Record<string, number>;
  months: Record<string, Record<string, number>>;
  days: Record<string, Record<string, number>>;
  hours: number[];
  empty: Record<string, number>;
  session_kinds: Record<string, number>;
}

let folder: string;
let found: Measured;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shape-'));
  const file = join(folder, 'electronics.csv');
  const root = join(import.meta.dirname, '../..');
  const shape = await loadShape(join(root, 'config/datasets/electronics/shape.yml'));
  await generate({ shape, rows: 885_129, seed: 1, out: file });
  const python = process.env.EVENTLAKE_TEST_PYTHON ?? 'python3';
  const { stdout } = await promisify(execFile)(python, [join(root, 'test/oracle/shape.py'), file]);
  found = JSON.parse(stdout) as Measured;
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/**
 * What is publicly known of the real file, typed by hand. Views, carts and purchases by month are counted
 * without exact duplicates.
 */
const VIEWS_CARTS_PURCHASES = {
  '2020-09': [25_640, 1_412, 1_007],
  '2020-10': [146_414, 8_728, 6_276],
  '2020-11': [170_082, 10_435, 7_574],
  '2020-12': [136_719, 9_342, 6_529],
  '2021-01': [166_431, 12_695, 8_315],
  '2021-02': [147_813, 11_420, 7_642],
};

function expectWithin2Percent(actual: unknown, fact: number): void {
  expect(actual).toBeGreaterThanOrEqual(fact * 0.98);
  expect(actual).toBeLessThanOrEqual(fact * 1.02);
}

describe('the generated electronics file, measured by Python', () => {
  test('has exactly the rows, times, prices and ids of the real one', () => {
    expect(found).toMatchObject({
      rows: 885_129,
      badly_written: 0,
      first: '2020-09-24 11:57:06 UTC',
      last: '2021-02-28 23:59:09 UTC',
      in_time_order: true,
      lowest_price: '0.22',
      highest_price: '64771.06',
      duplicates: 655,
      most_copies: 2,
      user_id_lengths: { 19: 885_129 },
      category_id_lengths: { 19: 885_129 },
    });
  });

  test.each([
    ['bytes', 108_000_000],
    ['users', 407_283],
    ['sessions', 490_398],
    ['products', 53_453],
    ['categories', 718],
    ['codes', 107],
    ['brands', 999],
    ['prices', 12_422],
    ['events_per_user', 2.17],
  ])('%s: about %d', (figure, fact) => expectWithin2Percent(found[figure], fact));

  test.each([
    ['view', 793_748],
    ['cart', 54_035],
    ['purchase', 37_346],
  ])('events of type %s: about %d', (type, fact) => expectWithin2Percent(found.types[type], fact));

  test.each([
    ['category_code', 236_219],
    ['brand', 212_364],
    ['user_session', 165],
    ['event_time', 0],
    ['event_type', 0],
    ['product_id', 0],
    ['category_id', 0],
    ['price', 0],
    ['user_id', 0],
  ])('rows with an empty %s: about %d', (column, fact) => expectWithin2Percent(found.empty[column], fact));

  test('types by month', () => {
    expect(Object.keys(found.months).sort()).toEqual(Object.keys(VIEWS_CARTS_PURCHASES));
    for (const [month, [views, carts, purchases]] of Object.entries(VIEWS_CARTS_PURCHASES)) {
      expectWithin2Percent(found.months[month]?.view, views ?? 0);
      expectWithin2Percent(found.months[month]?.cart, carts ?? 0);
      expectWithin2Percent(found.months[month]?.purchase, purchases ?? 0);
    }
  });

  test('days have the weekdays, campaigns and holidays of the shape, and none is like the one before', () => {
    const days = Object.entries(found.days).map(([day, { view = 0, cart = 0, purchase = 0 }]) => ({
      day,
      weekday: new Date(`${day}T00:00:00Z`).getUTCDay(),
      events: view + cart + purchase,
      conversion: purchase / view,
    }));
    expect(days).toHaveLength(158);
    for (const [i, { events }] of days.slice(1).entries()) expect(events).not.toBe(days[i]?.events);
    for (let week = 1; week + 7 <= days.length; week += 7) {
      const events = days.slice(week, week + 7).map((day) => day.events);
      expect(Math.max(...events) / Math.min(...events)).toBeGreaterThan(1.08);
    }

    const mean = (some: { events: number }[]) =>
      some.reduce((sum, { events }) => sum + events, 0) / some.length;
    // February before its campaign, and October before its: a Saturday weighs 90, a Tuesday 106.
    const quiet = days.filter(({ day }) => /^2021-02-(0|1[0-7])|^2020-10-(0|1[0-4])/.test(day));
    const [saturdays, tuesdays] = [6, 2].map((n) => mean(quiet.filter(({ weekday }) => weekday === n)));
    expect((saturdays ?? 0) / (tuesdays ?? 1)).toBeGreaterThan(90 / 106 - 0.08);
    expect((saturdays ?? 0) / (tuesdays ?? 1)).toBeLessThan(90 / 106 + 0.08);

    const busiest = days.toSorted((a, b) => b.events - a.events);
    expect(busiest[0]?.day).toBe('2020-11-27');
    expect(['2020-12-24', '2020-12-25', '2020-12-26']).toEqual(
      expect.arrayContaining(
        busiest
          .slice(-3)
          .map(({ day }) => day)
          .filter((day) => day !== '2020-09-24'),
      ),
    );
    // 1.45 times as many purchases for each view as on other days of the month, which have 7,574 for 170,082
    // views with the campaigns.
    expect((busiest[0]?.conversion ?? 0) / (7574 / 170_082)).toBeGreaterThan(1.15);
    // No step from month to month: the last week of one and the first week of the next differ by less than
    // their averages, 14 and 21 %.
    for (const [before, after] of [
      [/^2020-10-(2[5-9]|3)/, /^2020-11-0[1-7]/],
      [/^2020-11-2[0-6]/, /^2020-12-0[1-7]/],
    ] as const) {
      const [a, b] = [before, after].map((which) => mean(days.filter(({ day }) => which.test(day))));
      expect(Math.abs(Math.log((a ?? 0) / (b ?? 1)))).toBeLessThan(0.12);
    }
  });

  test('hours rise from a quiet night to a busy day, each unlike its neighbours', () => {
    const share = found.hours.map((count) => count / found.hours.reduce((a, b) => a + b, 0));
    expect(share.slice(0, 4).reduce((a, b) => a + b, 0)).toBeLessThan(0.04);
    expect(share.slice(8, 19).reduce((a, b) => a + b, 0)).toBeGreaterThan(0.6);
    expect(new Set(found.hours).size).toBe(24);
  });

  test('products keep their category, brand and price; sessions belong to one user, and some interleave', () => {
    expect(found).toMatchObject({
      products_that_change: 0,
      categories_that_change: 0,
      sessions_of_several_users: 0,
      events_out_of_funnel: 0,
    });
    expect(found.interleaved_sessions).toBeGreaterThan(1000);
    expect(Object.keys(found.session_kinds).sort()).toEqual(['token', 'uuid']);
    expect(found.session_kinds.token).toBeGreaterThan(480_000);
  });

  test('a few users have hundreds of events, most have one', () => {
    expect(found.most_events_of_a_user).toBeGreaterThanOrEqual(200);
    expect(found.most_events_of_a_user).toBeLessThan(1000);
    expect(found.users_with_100_events).toBeGreaterThan(5);
    expect(found.users_with_100_events).toBeLessThan(500);
    expect(found.users_with_1_event).toBeGreaterThan(200_000);
  });
});
