import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { UsageError } from '../../core/errors.ts';
import { planRows } from '../../generator/plan.ts';
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
  ['hours: [8, ', 'hours: [', /hours: must be 24 weights/],
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
  const plan = planRows(await loadShape(FILE), 8_851_290);
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
