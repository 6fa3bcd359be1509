import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FILE, Home } from './fixtures.ts';

const TABLES = ['events', 'rejected', 'customer_profiles'];

let home: Home;
let more: string;
beforeAll(async () => {
  home = await Home.create();
  const file = await home.put('events.csv', FILE);
  more = await home.put('more.csv', FILE.replaceAll('1515915625', '1515915626'));
  expect((await home.run(['run', '--file', file])).code).toBe(0);
}, 60_000);
afterAll(() => rm(home.folder, { recursive: true }));

/**
 * A copy of the home whose lake has one bit flipped in a data file of the table; `at` (from 0 to 1) and `bit`
 * say where.
 */
async function damaged(table: string, at: number, bit: number): Promise<{ at: string; file: string }> {
  const copy = join(home.folder, `copy-${table}-${at}-${bit}`);
  await cp(join(home.folder, 'home'), copy, { recursive: true });
  const folder = join(copy, 'lake/electronics', table);
  const files = await readdir(folder, { recursive: true });
  const file = files.find((name) => name.endsWith('.parquet')) ?? '';
  const body = await readFile(join(folder, file));
  const position = Math.floor(at * body.length);
  body.writeUInt8((body[position] ?? 0) ^ (1 << bit), position);
  await writeFile(join(folder, file), body);
  return { at: copy, file };
}

const places = fc.sample(fc.record({ at: fc.nat(999).map((n) => n / 1000), bit: fc.nat(7) }), {
  seed: 8,
  numRuns: 2,
});
const faults = TABLES.flatMap((table) => places.map((place) => ({ table, ...place })));

test.each(faults)(
  'one flipped bit in a file of $table: audit fails and names the file',
  async ({ table, at, bit }) => {
    const lake = await damaged(table, at, bit);
    const { code, stdout, stderr } = await home.run(['audit'], { EVENTLAKE_HOME: lake.at });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(lake.file);
    expect(stderr).toContain('[lake:corrupt]');
  },
);

test('no profiles are computed from a damaged file', async () => {
  const lake = await damaged('events', 0.2, 3);
  const { code, stderr } = await home.run(['run', '--file', more], { EVENTLAKE_HOME: lake.at });
  expect(code).toBe(1);
  expect(stderr).toContain('[lake:corrupt]');
  expect(await readdir(join(lake.at, 'lake/electronics/customer_profiles/_delta_log'))).toHaveLength(1);
});

test('a table of another dataset or program in the place of the events is named', async () => {
  const copy = join(home.folder, 'copy-foreign');
  await cp(join(home.folder, 'home'), copy, { recursive: true });
  const tables = join(copy, 'lake/electronics');
  await rm(join(tables, 'events'), { recursive: true });
  await cp(join(tables, 'customer_profiles'), join(tables, 'events'), { recursive: true });
  const audit = await home.run(['audit'], { EVENTLAKE_HOME: copy });
  expect([audit.code, audit.stderr]).toEqual([
    1,
    expect.stringContaining('electronics/events has no column event_time [lake:schema_mismatch]'),
  ]);
  const { code, stderr } = await home.run(['process'], { EVENTLAKE_HOME: copy });
  expect([code, stderr]).toEqual([1, expect.stringContaining('[lake:other_log]')]);
});
