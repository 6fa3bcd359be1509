import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { UsageError } from '../../core/errors.ts';
import { planRows } from '../../generator/plan.ts';
import { Random } from '../../generator/random.ts';
import { loadShape, parseShape } from '../../generator/shape.ts';

const FILE = join(import.meta.dirname, '../../config/datasets/electronics/shape.yml');
let text: string;
beforeAll(async () => {
  text = await readFile(FILE, 'utf8');
});

test.each([
  ['  type: event_type\n', '', /^s\.yml:5: columns\.type: /],
  ['  brand: brand\n', '  brand: brand\n  colour: red\n', /^s\.yml:\d+: columns\.colour: .*[Uu]nrecognized/],
  ['from: 2020-09-24 11:57:06 UTC', 'from: 2020-09-24', /range\.from: must be written like/],
  ['from: 2020-09-24 11:57:06 UTC', 'from: 2020-09-31 11:57:06 UTC', /range\.from: .*exists/],
  ['from: 2020-09-24 11:57:06 UTC', 'from: 2021-03-24 11:57:06 UTC', /range\.to: must be later/],
  ['2021-02: 7642 }', '2021-03: 7642 }', /steps\.2\.months\.2021-03: has less than a day within range/],
  ['2020-09: 1007,', '2020-09: 1500,', /steps\.2\.months\.2020-09: is more than the step before/],
  ['2020-09: 25640,', '2020-9: 25640,', /steps\.0\.months\.2020-9: .*month/],
  ['count: 407283', 'count: 4072830', /users\.count: are more than the sessions/],
  ['firstId: "1515915625353226922"', 'firstId: 1515915625353226922', /users\.firstId: /],
  ['firstId: "1515915625353226922"', 'firstId: "9223372036854775807"', /users\.idStep: .*64 bits/],
  ['    - sport.bicycle\n', '    - kids.toys\n', /categories\.codes: must be distinct/],
  ['distinct: 12422', 'distinct: 60000', /prices\.distinct: are more than the products/],
  ['[0.5, 65.71]', '[0.5, 6.71]', /prices\.quantiles: must rise/],
  ['hours: [7, ', 'hours: [', /hours: must be 24 weights/],
  ['sun: 95 }', 'sun: 0 }', /weekdays\.sun: /],
  ['fri: 98, ', '', /weekdays\.fri: /],
  ['to: 2020-12-20', 'to: 2020-12-02', /occasions\.5\.to: must not be earlier than from/],
  ['from: 2020-12-12', 'from: 2020-12-32', /occasions\.5\.from: must be a day written like 2020-11-27/],
  ['traffic: 1.75', 'traffic: 0', /occasions\.2\.traffic: /],
  ['noise: 0.07', 'noise: 2', /noise: /],
  ['brands:\n', 'brands: [\n', /^s\.yml:\d+: /],
])('a shape with %j → %j is refused, naming file, line and key', (good, bad, message) => {
  expect(text).toContain(good);
  expect(() => parseShape(text.replace(good, bad), 's.yml')).toThrow(message);
  expect(() => parseShape(text.replace(good, bad), 's.yml')).toThrow(UsageError);
});

test('a missing shape is an error that names the file', async () => {
  await expect(loadShape('/nowhere/x.shape.yml')).rejects.toMatchObject({
    code: 'shape:unknown',
    message: expect.stringContaining('/nowhere/x.shape.yml'),
  });
});

test('ten times the rows have ten times the users and sessions, and the same assortment', async () => {
  const plan = planRows(await loadShape(FILE), 8_851_290, new Random(1, 0));
  expect(plan).toMatchObject({
    events: [7_930_990, 540_320, 373_430],
    duplicates: [6490, 30, 30],
    users: 4_072_830,
    products: 53_453,
    categories: 718,
    codes: 107,
    brands: 999,
    prices: 12_422,
  });
  // 490,398 with an id and 165 rows without one.
  expect(plan.sessions).toBe(4_905_630);
});

test('every month keeps its measured counts, with any noise', async () => {
  const shape = await loadShape(FILE);
  for (const seed of [1, 2, 3, 4, 5]) {
    const { slices } = planRows(shape, 885_129, new Random(seed, 0));
    const months: Record<string, number[]> = {};
    for (const { start, events } of slices) {
      const month = new Date(start * 1000).toISOString().slice(0, 7);
      months[month] = events.map((count, k) => count + (months[month]?.[k] ?? 0));
    }
    expect(months).toEqual({
      '2020-09': [25_640, 1_412, 1_007],
      '2020-10': [146_414, 8_728, 6_276],
      '2020-11': [170_082, 10_435, 7_574],
      '2020-12': [136_719, 9_342, 6_529],
      '2021-01': [166_431, 12_695, 8_315],
      '2021-02': [147_813, 11_420, 7_642],
    });
  }
});

test('a shape without weekdays, occasions and noise is spread by its hours alone', () => {
  const plain = text
    .replace(/^weekendHours:.*\n/m, '')
    .replace(/^weekdays:.*\n/m, '')
    .replace(/^occasions:\n( +- .*\n)+/m, '')
    .replace(/^noise:.*\n/m, '')
    .replace(/months: \{.*2020-10: (\d+),.*\}/g, 'months: { 2020-10: $1 }')
    .replace(/rowsWithout(Id|Code|Brand): \d+/g, 'rowsWithout$1: 0')
    .replace(/^ {2}count: 490398$/m, '  count: 100000')
    .replace(/^ {2}count: 407283$/m, '  count: 90000');
  const { slices } = planRows(parseShape(plain, 's.yml'), 161_418 + 655, new Random(1, 0));
  expect(slices).toHaveLength(31);
  // 146,414 views, 8,728 carts and 6,276 purchases over 31 days.
  for (const { events } of slices)
    expect(Math.abs(events.reduce((a, b) => a + b, 0) - 161_418 / 31)).toBeLessThan(2);
});
