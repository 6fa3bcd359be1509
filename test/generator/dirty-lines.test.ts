import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Generated, generate } from '../../generator/generate.ts';
import { loadShape, type Shape } from '../../generator/shape.ts';
import { readPlainly } from './plain-reader.ts';

/**
 * All reasons of docs/data-rules.md that a line of a CSV file of the electronics contract can have, but for
 * dates and booleans.
 */
const REASONS = [
  'category_id:missing',
  'category_id:not_an_integer',
  'category_id:out_of_range',
  'event_time:missing',
  'event_time:not_a_timestamp',
  'event_type:missing',
  'event_type:not_allowed',
  'line:broken_quote',
  'line:invalid_utf8',
  'line:too_long',
  'line:wrong_field_count',
  'price:below_minimum',
  'price:missing',
  'price:not_a_number',
  'price:out_of_range',
  'price:too_precise',
  'product_id:missing',
  'product_id:not_an_integer',
  'user_id:missing',
  'user_id:not_an_integer',
  'user_id:out_of_range',
];

let folder: string;
let shape: Shape;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dirty-'));
  shape = await loadShape(join(import.meta.dirname, '../../config/datasets/electronics/shape.yml'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function make(rows: number, dirty: number) {
  const out = join(folder, 'dirty.csv');
  const result = await generate({ shape, rows, seed: 11, dirty, out });
  return { result, bytes: await readFile(out) };
}

const total = (result: Generated, isCounted: (kind: string) => boolean) =>
  Object.entries(result.dirtyLines).reduce((sum, [kind, count]) => sum + (isCounted(kind) ? count : 0), 0);
const isBad = (kind: string) => !kind.startsWith('valid/');

test('every bad line is rejected for the reason that its kind names, and no other line is', async () => {
  const { result, bytes } = await make(20_000, 0.05);
  const records = readPlainly(bytes);
  expect(records).toHaveLength(20_000);
  const found: Record<string, number> = {};
  for (const { reason } of records) if (reason) found[reason] = (found[reason] ?? 0) + 1;
  expect(Object.keys(found).sort()).toEqual(REASONS);
  for (const reason of REASONS)
    expect([reason, found[reason]]).toEqual([reason, total(result, (kind) => kind.startsWith(`${reason}/`))]);
  expect(total(result, isBad)).toBe(1000);
  expect(found['line:too_long']).toBe(1);
});

test('awkward lines pass with the values that they mean', async () => {
  const { result, bytes } = await make(20_000, 0.05);
  const records = readPlainly(bytes);
  const brands = (name: string) => records.filter(({ values }) => values[5] === name).length;
  const text = bytes.toString('utf8');
  const counts = result.dirtyLines;
  expect(brands('acme, inc')).toBe(counts['valid/quoted_comma']);
  expect(brands('acme "pro"')).toBe(counts['valid/doubled_quote']);
  expect(brands('acme\nnew line')).toBe(counts['valid/line_feed']);
  expect(brands('acme\r\nnew line')).toBe(counts['valid/carriage_return']);
  expect(brands('Škoda 品牌 🚲')).toBe(counts['valid/non_ascii']);
  expect(brands(' acme ')).toBe(counts['valid/spaces']);
  expect(records.filter(({ values }) => /^\d+\.\d\d00$/.test(values[6] ?? ''))).toHaveLength(
    counts['valid/trailing_zeros'] ?? -1,
  );
  expect(text.match(/^"2[^\n]*","(view|cart|purchase)","/gm)).toHaveLength(counts['valid/all_quoted'] ?? -1);
  expect(text.match(/^\n\r\n/gm)).toHaveLength(counts['valid/blank_line'] ?? -1);
  expect(text.split('\n').filter((line) => line.length > 1 && line.endsWith('\r'))).toHaveLength(
    (counts['valid/crlf'] ?? -1) + (counts['valid/carriage_return'] ?? -1),
  );
  expect(total(result, (kind) => !isBad(kind))).toBe(250);
});

test('rows that stay clean are those of the file without dirty lines', async () => {
  const clean = new Set((await make(5000, 0)).bytes.toString('latin1').split('\n'));
  const dirty = (await make(5000, 0.1)).bytes.toString('latin1').split('\n');
  expect(dirty.filter((line) => clean.has(line)).length).toBeGreaterThan(4300);
});

test.each([
  { rows: 1000, dirty: 0.00001, bad: 31 },
  { rows: 1000, dirty: 1, bad: 990 },
  { rows: 100_000, dirty: 0.001, bad: 100 },
])('each of the 41 kinds occurs in $rows rows with a share of $dirty', async ({ rows, dirty, bad }) => {
  const { result } = await make(rows, dirty);
  const counts = Object.values(result.dirtyLines);
  expect(counts).toHaveLength(41);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  expect(total(result, isBad)).toBe(bad);
  expect(result.dirtyLines['line:too_long/field']).toBe(rows < 100_000 ? 1 : 2);
});

test('the same seed gives the same dirty lines', async () => {
  const [once, again] = [await make(2000, 0.1), await make(2000, 0.1)];
  expect(again.bytes.equals(once.bytes)).toBe(true);
  expect(again.result).toEqual(once.result);
});
