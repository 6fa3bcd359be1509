import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { generate } from '../../generator/generate.ts';
import { Random } from '../../generator/random.ts';
import { loadShape } from '../../generator/shape.ts';
import { Shown } from '../dashboard/fixtures.ts';
import { python } from '../oracle/compare.ts';

const ROOT = join(import.meta.dirname, '../..');
const ROWS = 30_000;
const LIMIT = 5;
const PANELS = ['', '/days', '/spend', '/categories', '/brands'];

let shown: Shown;
let file: string;
beforeAll(async () => {
  shown = await Shown.open();
  file = join(shown.home, 'made.csv');
  const shape = await loadShape(join(ROOT, 'config/datasets/electronics/shape.yml'));
  await generate({ shape, rows: ROWS, seed: 7, dirty: 0.02, out: file });
  await shown.run(await readFile(file), 'run.csv');
}, 120_000);
afterAll(() => shown.close());

type Filter = Record<string, string>;

/** What plain Python finds in the file, by filter and panel. */
async function expectedOf(filters: readonly Filter[]): Promise<Record<string, object>[]> {
  const child = spawn(python(), [join(ROOT, 'test/oracle/dashboard.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify({ file, filters, limit: LIMIT }));
  return JSON.parse(await text(child.stdout));
}

/** No filter, one of each kind, and combinations at random. */
function filters(): Filter[] {
  const random = new Random(11, 0);
  const values: Record<string, readonly string[]> = {
    from: ['2020-09-30', '2020-11-01', '2020-12-24', '2021-02-27'],
    to: ['2020-10-01', '2020-11-30', '2021-01-15', '2022-01-01'],
    category: ['', 'computers.components.videocards', 'electronics.telephone', 'nothing'],
    brand: ['', 'lifin', 'geke', 'msi'],
    segment: ['loyal', 'buyer', 'cart_abandoner', 'returning_visitor', 'visitor'],
  };
  const pick = (name: string) => values[name]?.[random.below(values[name]?.length ?? 1)] ?? '';
  const single = Object.keys(values).map((name) => ({ [name]: pick(name) }));
  const mixed = Array.from({ length: 20 }, () =>
    Object.fromEntries(
      Object.keys(values)
        .filter(() => random.below(2) === 0)
        .map((name) => [name, pick(name)]),
    ),
  );
  return [{}, ...single, ...mixed];
}

test('every panel shows what plain Python finds in the file, under any filter', async () => {
  const wanted = filters();
  const expected = await expectedOf(wanted);
  for (const [i, filter] of wanted.entries()) {
    for (const panel of PANELS) {
      const query = new URLSearchParams(filter);
      if (panel === '/categories' || panel === '/brands') query.set('limit', String(LIMIT));
      const { status, body } = await shown.ask<object>(`/api/overview${panel}?${query}`);
      expect({ filter, panel, status, body }).toEqual({
        filter,
        panel,
        status: 200,
        body: panel === '' ? expect.objectContaining(expected[i]?.[panel] ?? {}) : expected[i]?.[panel],
      });
    }
  }
}, 180_000);
