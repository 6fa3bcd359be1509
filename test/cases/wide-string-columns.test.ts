import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from '../cli/fixtures.ts';

let home: Home;
beforeAll(async () => {
  home = await Home.create();
});
afterAll(() => rm(home.folder, { recursive: true }));

/** Runs a file of so many columns and rows, and answers with the seconds that it took. */
async function run(name: string, type: string, columns: number, rows: number): Promise<number> {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`);
  await mkdir(join(home.folder, 'config', name), { recursive: true });
  await home.put(
    `config/${name}/dataset.yml`,
    `name: ${name}\nkey: id\ntime: ts\ncolumns:
  - {name: ts, type: timestamp, required: true}
  - {name: id, type: int64, required: true}
${names.map((column) => `  - {name: ${column}, type: ${type}}\n`).join('')}`,
  );
  const value = (n: number) =>
    type === 'string' ? `s${n}` : type === 'timestamp' ? `2024-02-01T00:00:${10 + (n % 50)}Z` : n;
  const lines = Array.from(
    { length: rows },
    (_, row) => `2024-01-01T00:00:00Z,${row},${names.map((_, i) => value((row * i) % 97)).join(',')}\n`,
  );
  await home.put(`${name}.csv`, `ts,id,${names.join(',')}\n${lines.join('')}`);
  const began = performance.now();
  const { code, stdout, stderr } = await home.run(['run', name, '--file', `${name}.csv`, '--json'], {
    EVENTLAKE_DATASETS: join(home.folder, 'config'),
  });
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(JSON.parse(stdout).audit).toMatchObject({ balanced: true, lake: { events: rows, rejected: {} } });
  return (performance.now() - began) / 1000;
}

test('40 text columns need no more memory than there is', () => run('forty', 'string', 40, 5000));

test.each(['string', 'int64', 'timestamp'])(
  '300 columns of %s cost as much for each value as 10',
  async (type) => {
    const narrow = await run(`narrow_${type}`, type, 10, 30_000);
    const wide = await run(`wide_${type}`, type, 300, 1000);
    // Both have 300,000 values. A cost that grows with columns × columns makes it 30 times as much.
    expect(wide / narrow).toBeLessThan(8);
  },
);

test('a thousand columns need no more memory than there is', () => run('thousand', 'string', 1000, 2000));
