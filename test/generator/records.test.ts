import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AnyShape, loadAnyShape, makeFile } from '../../generator/make-file.ts';
import { recordShape } from '../../generator/records/shape.ts';
import { parseShapeFile } from '../../generator/shape-file.ts';

let folder: string;
let shape: AnyShape;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'records-'));
  shape = await loadAnyShape(join(import.meta.dirname, '../../config/datasets/product_views/shape.yml'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Json = Record<string, unknown>;

async function make(rows: number, seed: number, dirty = 0) {
  const out = join(folder, 'views.ndjson');
  const made = await makeFile(shape, { rows, seed, out, dirty });
  const text = await readFile(out, 'utf8');
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  expect(made.rows).toBe(rows);
  expect(lines).toHaveLength(rows);
  return { ...made, text, lines };
}

describe('product views', () => {
  let records: Json[];
  beforeAll(async () => {
    records = (await make(40_000, 1)).lines.map((line) => JSON.parse(line) as Json);
  });
  const share = (holds: (record: Json) => boolean) => records.filter(holds).length / records.length;

  test('have the measured shares of collections, options and mixed types', () => {
    expect(new Set(records.map(({ collection }) => collection)).size).toBe(27);
    expect(share(({ option }) => Array.isArray(option))).toBeCloseTo(22_208_495 / 41_432_473, 1);
    expect(share(({ option }) => option !== undefined && !Array.isArray(option))).toBeCloseTo(
      12_092_054 / 41_432_473,
      1,
    );
    expect(share(({ product_id }) => product_id !== undefined)).toBeCloseTo(22_242_720 / 41_432_473, 1);
    expect(share(({ utm_source }) => utm_source === false)).toBeCloseTo(10_856_180 / 41_432_473, 1);
    expect(share(({ recommendation }) => typeof recommendation === 'boolean')).toBeCloseTo(
      10_944_359 / 41_432_473,
      1,
    );
    expect(share(({ show_recommendation }) => show_recommendation === null)).toBeCloseTo(
      7_766_848 / 41_432_473,
      1,
    );
  });

  test('have addresses of private networks and of documentation alone', () => {
    for (const { ip } of records)
      expect(ip).toMatch(/^(10\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|2001:db8::[0-9a-f]{4}$)/);
  });

  test('come a second time, and late, as often as the shape says', () => {
    const ids = new Map<unknown, string>();
    let copies = 0;
    for (const record of records) {
      const text = JSON.stringify(record);
      if (ids.has(record.id)) copies++;
      expect(ids.get(record.id) ?? text).toBe(text);
      ids.set(record.id, text);
    }
    expect(copies).toBe(400);
    let latest = 0;
    let late = 0;
    for (const { time_stamp } of records) {
      if (Number(time_stamp) < latest) late++;
      latest = Math.max(latest, Number(time_stamp));
    }
    expect(late / records.length).toBeGreaterThan(0.01);
    expect(late / records.length).toBeLessThan(0.03);
  });

  test('are of a few visitors and products most of the time', () => {
    const counts = new Map<unknown, number>();
    for (const { product_id } of records)
      if (product_id !== undefined) counts.set(product_id, (counts.get(product_id) ?? 0) + 1);
    const sorted = [...counts.values()].sort((a, b) => b - a);
    const all = sorted.reduce((a, b) => a + b, 0);
    expect(sorted.slice(0, counts.size / 10).reduce((a, b) => a + b, 0) / all).toBeGreaterThan(0.25);
  });

  test('have files of what is known of most addresses and products', async () => {
    const products = (await readFile(join(folder, 'product_views-products.csv'), 'utf8')).trim().split('\n');
    expect(products[0]).toBe('product_id,name,url,language_code');
    const known = new Set(products.slice(1).map((line) => line.split(',')[0]));
    expect(known.size).toBe(products.length - 1);
    const seen = new Set(records.flatMap(({ product_id: id }) => (id === undefined ? [] : [String(id)])));
    const found = [...seen].filter((id) => known.has(id)).length / seen.size;
    expect(found).toBeGreaterThan(0.85);
    expect(found).toBeLessThan(0.95);
  });
});

test('the same seed gives the same bytes', async () => {
  const [once, again, other] = [await make(2000, 7), await make(2000, 7), await make(2000, 8)];
  expect(again.text).toBe(once.text);
  expect(other.text).not.toBe(once.text);
});

test('bad records are of every kind, and counted', async () => {
  const { dirtyLines, lines } = await make(3000, 3, 0.1);
  expect(Object.keys(dirtyLines)).toHaveLength(12);
  const total = Object.values(dirtyLines).reduce((a, b) => a + b, 0);
  expect(total).toBeGreaterThan(240);
  const unreadable = lines.filter((line) => !line.endsWith('}')).length;
  expect(dirtyLines['line:not_json/cut']).toBe(unreadable);
});

describe('days and hours', () => {
  /** How many records a week has on each day, and in the first half of the days, without noise or with it. */
  const weekOf = async (noise: number) => {
    const flat = Array.from({ length: 24 }, () => 1);
    const text = `
rows: 1000
range: { from: 2020-06-01 00:00:00 UTC, to: 2020-06-07 23:59:59 UTC }
hours: [${flat.fill(3, 0, 12)}]
weekendHours: [${flat.fill(1, 0, 12).fill(9, 12)}]
weekdays: { mon: 300, tue: 100, wed: 100, thu: 100, fri: 100, sat: 100, sun: 100 }
occasions: [{ name: Sale, from: 2020-06-06, to: 2020-06-06, traffic: 2 }]
noise: ${noise}
repeated: 0
late: 0
fields: { at: { time: epoch_s } }
kinds: [{ weight: 1, fields: {} }]
`;
    const week = parseShapeFile(text, 'shape.yml', () => recordShape);
    const out = join(folder, 'week.ndjson');
    await makeFile({ kind: 'records', shape: week }, { rows: 1000, seed: 1, out });
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    const days = Array.from({ length: 7 }, () => ({ all: 0, morning: 0 }));
    for (const line of lines) {
      const date = new Date(1000 * JSON.parse(line).at);
      const day = days[date.getUTCDate() - 1];
      if (!day) throw new Error(`${line} is outside the range`);
      day.all++;
      if (date.getUTCHours() < 12) day.morning++;
    }
    return days;
  };

  test('follow weekdays, occasions and the hours of a weekend', async () => {
    const days = await weekOf(0);
    // A Monday has three days' weight, and the sale on Saturday two: 1,000 records by weights of 10 in all.
    expect(days.map(({ all }) => all)).toEqual([300, 100, 100, 100, 100, 200, 100]);
    const [weekdays, weekend] = [days.slice(0, 5), days.slice(5)].map(
      (some) => some.reduce((n, { morning }) => n + morning, 0) / some.reduce((n, { all }) => n + all, 0),
    );
    // 3 to 1 in the morning of a weekday, 1 to 9 of a weekend.
    expect(weekdays).toBeCloseTo(0.75, 1);
    expect(weekend).toBeCloseTo(0.1, 1);
  });

  test('differ by noise, and their sum stays', async () => {
    const counts = (await weekOf(0.1)).map(({ all }) => all);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(1000);
    expect(new Set(counts.slice(1, 5)).size).toBeGreaterThan(1);
    for (const count of counts.slice(1, 5)) expect(Math.abs(count - 100)).toBeLessThan(50);
  });
});

describe('a shape that is wrong', () => {
  const minimal = `
rows: 10
range: { from: 2020-06-01 00:00:00 UTC, to: 2020-06-02 00:00:00 UTC }
hours: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]
repeated: 0
late: 0
`;
  const parse = (text: string) => parseShapeFile(minimal + text, 'shape.yml', () => recordShape);

  test('is refused with its line', () => {
    expect(() => parse('fields: { a: { hex: no } }\nkinds: [{ weight: 1, fields: {} }]')).toThrow(
      'shape.yml:7: fields.a: must be a value',
    );
    expect(() => parse('fields: {}\nkinds: []')).toThrow('shape.yml:8: kinds');
  });

  test('names a value that there is not', async () => {
    const wrong = parse('fields: { a: "{visitors.ip}" }\nkinds: [{ weight: 1, fields: {} }]');
    const out = join(folder, 'wrong.ndjson');
    await expect(
      makeFile({ kind: 'records', shape: wrong }, { rows: 10, seed: 1, out }),
    ).rejects.toMatchObject({
      code: 'shape:invalid',
      message: expect.stringContaining('{visitors.ip}'),
    });
  });
});
