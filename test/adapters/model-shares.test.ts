import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { passesOf, sharesIn } from '../../adapters/duckdb/model-shares.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import type { Column, Dataset } from '../../core/dataset.ts';
import { electronics } from '../processing/fixtures.ts';

let folder: string;
let dataset: Dataset;
let sql: DuckDbSession;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shares-'));
  ({ dataset } = await electronics());
  sql = await DuckDbSession.open({ temporary: folder, memoryMb: 64, threads: 2 });
});
afterAll(async () => {
  await sql.close();
  await rm(folder, { recursive: true });
});

const withColumns = (names: readonly string[]): Dataset => ({
  ...dataset,
  columns: names.map((name): Column => ({ ...(dataset.columns[0] as Column), name })),
});

describe('shares of events', () => {
  test('have each row once and equal keys together, in any number of passes', async () => {
    const passes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
    const counts = fc.record({
      rows: fc.integer({ min: 0, max: 3000 }),
      keys: fc.integer({ min: 1, max: 900 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(passes, counts, async (parts, { rows, keys }) => {
        const source = `(SELECT i % ${keys} AS key, i FROM range(${rows}) AS r(i))`;
        const splitting = { dataset: withColumns(['key', 'i']), shareBy: 'key', source, rows, paths: [] };
        const seen: { key: number; i: number }[][] = [];
        for await (const share of sharesIn(sql, splitting, parts, join(folder, `run-${run++}`)))
          seen.push(
            (await sql.rows(`SELECT key::INT AS key, i::INT AS i FROM ${share}`)) as (typeof seen)[number],
          );
        expect(seen).toHaveLength(parts.reduce((product, n) => product * n, 1));
        const all = seen.flat().map(({ i }) => i);
        expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
        const keysOf = seen.map((share) => new Set(share.map(({ key }) => key)));
        expect(keysOf.reduce((sum, { size }) => sum + size, 0)).toBe(
          new Set(keysOf.flatMap((set) => [...set])).size,
        );
      }),
      { numRuns: 15 },
    );
  });

  test('of a pass are no more than DuckDB has room for, and together as many as were asked for, or a few more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (shares) => {
        const passes = passesOf(shares);
        expect(Math.max(...passes)).toBeLessThanOrEqual(64);
        const total = passes.reduce((product, n) => product * n, 1);
        expect(total).toBeGreaterThanOrEqual(shares);
        expect(total).toBeLessThan(2 * shares + 1);
      }),
    );
  });

  test('are split without spilling, of more events than memory holds', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const texts = names.map((name, i) => `md5(CAST(20 * n + ${i} AS VARCHAR)) AS ${name}`);
    // About 190 MB; a statement that memory is too small for is tried with four times as much.
    const rows = 200_000;
    const small = await DuckDbSession.open({ temporary: folder, memoryMb: 25, threads: 2 });
    const splitting = {
      ...{ dataset: withColumns(names), shareBy: 'c0', rows, paths: [] },
      source: `(SELECT ${texts.join(', ')} FROM range(${rows}) AS r(n))`,
    };
    await small.run("SET max_temp_directory_size = '1MB'");
    let seen = 0n;
    for await (const share of sharesIn(small, splitting, [12], join(folder, 'large')))
      seen += (await small.rows(`SELECT count(*) AS n FROM ${share}`))[0]?.n as bigint;
    await small.close();
    expect(seen).toBe(BigInt(rows));
  });
});
