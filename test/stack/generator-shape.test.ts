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

/** What is publicly known of the real file, typed by hand. Views, carts and purchases by month are counted without exact duplicates. */
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
