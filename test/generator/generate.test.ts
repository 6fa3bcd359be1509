import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generate } from '../../generator/generate.ts';
import { loadShape, type Shape } from '../../generator/shape.ts';

let folder: string;
let shape: Shape;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'generate-'));
  shape = await loadShape(join(import.meta.dirname, '../../config/datasets/electronics/shape.yml'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The file's bytes, and its lines without the header, split at commas. */
async function make(rows: number, seed: number, name = 'events.csv') {
  const out = join(folder, name);
  const result = await generate({ shape, rows, seed, out });
  const bytes = await readFile(out);
  expect(result).toEqual({ rows, bytes: bytes.length, dirtyLines: {} });
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [header, ...lines] = text.split('\n');
  expect(lines.pop()).toBe('');
  return { bytes, text, header, lines, fields: lines.map((line) => line.split(',')) };
}

const distinct = (rows: string[][], column: number) => new Set(rows.map((row) => row[column])).size;

describe('a generated file', () => {
  test('is the same, byte for byte, for the same seed', async () => {
    const [once, again, other] = [await make(20_000, 1), await make(20_000, 1), await make(20_000, 2)];
    expect(again.bytes.equals(once.bytes)).toBe(true);
    expect(other.bytes.equals(once.bytes)).toBe(false);
    // Changes only when the generator or the shape is meant to change: figures measured on an earlier file no
    // longer apply then.
    expect(createHash('sha256').update(once.bytes).digest('hex')).toBe(
      'a29074009c265cbdaa29b4abf1243777e1c8eafc0c3d77e9ba98d7ecc644dbd0',
    );
  });

  test('has the rows and columns of the shape, in order of time', async () => {
    const { header, lines, fields } = await make(20_000, 1);
    expect(header).toBe(
      'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session',
    );
    expect(lines).toHaveLength(20_000);
    for (const line of lines)
      expect(line).toMatch(
        /^202\d-\d\d-\d\d \d\d:\d\d:\d\d UTC,(view|cart|purchase),\d{3,7},\d{19},[a-z0-9._]*,[a-z]*,\d+\.\d\d,\d{19},([A-Za-z0-9]{10}|[0-9a-f-]{36})?$/,
      );
    expect(lines.map((line) => line.slice(0, 19))).toEqual(lines.map((line) => line.slice(0, 19)).sort());
    expect(lines[0]).toMatch(/^2020-09-24 11:57:06 UTC/);
    expect(lines.at(-1)).toMatch(/^2021-02-28 23:59:09 UTC/);
    // 655 / 885,129 of 20,000.
    expect(lines.length - new Set(lines).size).toBe(15);
    // 407,283 / 885,129 of 20,000.
    expect(distinct(fields, 7)).toBe(9203);
  });

  test('lets every later step follow the step before, of the same session and product', async () => {
    const { fields } = await make(20_000, 3);
    const seen = new Set<string>();
    const counts: Record<string, number> = {};
    for (const [, type = '', product, , , , , user, session] of fields) {
      counts[type] = (counts[type] ?? 0) + 1;
      const before = { cart: 'view', purchase: 'cart' }[type];
      if (before) expect(seen).toContain([before, product, user, session].join());
      seen.add([type, product, user, session].join());
    }
    expect(Object.keys(counts).sort()).toEqual(['cart', 'purchase', 'view']);
  });

  test.each([1, 2, 7, 40, 999, 5000])('has exactly the %d rows asked for', async (rows) => {
    expect((await make(rows, 5)).lines).toHaveLength(rows);
  });

  test('has users in proportion to its rows, and fewer new products the more it has', async () => {
    const [small, large] = [await make(5000, 9), await make(50_000, 9)];
    expect(distinct(large.fields, 7) / distinct(small.fields, 7)).toBeCloseTo(10, 1);
    // The square root of ten times the rows.
    expect(distinct(large.fields, 2) / distinct(small.fields, 2)).toBeCloseTo(3.16, 1);
  });

  test('is compressed when its name ends in .gz, with a header that names no system and no time', async () => {
    const [plain, packed] = [await make(3000, 4), await make(3000, 4, 'events.csv.gz')];
    expect(packed.text).toBe(plain.text);
    expect(packed.bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
    expect((await make(3000, 4, 'again.csv.gz')).bytes.equals(packed.bytes)).toBe(true);
  });

  test('is made by any shape, with any names of columns and steps', async () => {
    const out = join(folder, 'library.csv');
    const library: Shape = {
      ...shape,
      columns: { ...shape.columns, time: 'at', type: 'what', user: 'reader' },
      range: { from: Date.UTC(2022, 0, 1) / 1000, to: Date.UTC(2022, 0, 31, 23, 59, 59) / 1000 },
      steps: [
        { type: 'look', duplicates: 0, months: { '2022-01': 600 } },
        { type: 'borrow', duplicates: 0, months: { '2022-01': 300 } },
      ],
      users: { ...shape.users, count: 100, firstId: '7' },
      sessions: { ...shape.sessions, count: 200, rowsWithoutId: 0 },
      products: { ...shape.products, count: 50 },
      categories: { ...shape.categories, count: 4, withoutCode: 0, rowsWithoutCode: 0, codes: ['novel'] },
      brands: { count: 3, rowsWithoutBrand: 0 },
      prices: {
        distinct: 2,
        quantiles: [
          [0, 1],
          [1, 2.5],
        ],
      },
    };
    await generate({ shape: library, rows: 900, seed: 1, out });
    const [header, ...rows] = (await readFile(out, 'utf8')).trimEnd().split('\n');
    const fields = rows.map((row) => row.split(','));
    expect(header).toBe('at,what,product_id,category_id,category_code,brand,price,reader,user_session');
    expect(fields.filter((row) => row[1] === 'look')).toHaveLength(600);
    expect(fields.filter((row) => row[1] === 'borrow')).toHaveLength(300);
    expect([2, 3, 4, 5, 6, 7, 8].map((column) => distinct(fields, column))).toEqual([
      50, 4, 1, 3, 2, 100, 200,
    ]);
    expect(new Set(fields.map((row) => row[6]))).toEqual(new Set(['1.00', '2.50']));
  });
});

describe('generate', () => {
  test('tells how far it is', async () => {
    const seen: number[] = [];
    await generate({
      shape,
      rows: 2000,
      seed: 1,
      out: join(folder, 'x.csv'),
      onProgress: (rows) => seen.push(rows),
    });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(2000);
  });

  test.each([
    { rows: 0, code: 'generate:rows' },
    { rows: 1.5, code: 'generate:rows' },
    { seed: -1, code: 'generate:seed' },
    { seed: 2 ** 53, code: 'generate:seed' },
    { dirty: 1.1, code: 'generate:dirty' },
    { dirty: Number.NaN, code: 'generate:dirty' },
  ])('refuses options out of range: %j', async ({ code, ...wrong }) => {
    const out = join(folder, 'never.csv');
    await expect(generate({ shape, rows: 10, seed: 1, out, ...wrong })).rejects.toMatchObject({ code });
    expect(await readdir(folder)).not.toContain('never.csv');
  });

  test('says which file cannot be written, and leaves nothing behind', async () => {
    const out = join(folder, 'missing', 'events.csv');
    await expect(generate({ shape, rows: 10, seed: 1, out })).rejects.toMatchObject({
      code: 'generate:cannot_write',
      message: expect.stringContaining(out),
      hint: 'Create the folder first.',
    });
    await expect(generate({ shape, rows: 10, seed: 1, out: folder })).rejects.toMatchObject({
      code: 'generate:not_a_file',
    });
    const stop = () => {
      throw new Error('stopped');
    };
    await expect(
      generate({ shape, rows: 5000, seed: 1, out: join(folder, 'half.csv'), onProgress: stop }),
    ).rejects.toThrow('stopped');
    expect((await readdir(folder)).filter((name) => /half|partial/.test(name))).toEqual([]);
  });
});
