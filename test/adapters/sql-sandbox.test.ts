import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DuckDbSandbox } from '../../adapters/duckdb/sql-sandbox.ts';
import type { SandboxResult } from '../../core/sql-sandbox.ts';

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'sql-sandbox-'));
});
afterAll(() => rm(temporary, { recursive: true }));

/** More time than any of these queries needs, on the slowest machine. */
const PATIENT_MS = 120_000;

function query(sql: string, limit: number | null, milliseconds = PATIENT_MS): Promise<SandboxResult> {
  const limits = { temporary, memoryMb: 400, processMb: 1000, pageBytes: 16_000_000, atOnce: 1 };
  return new DuckDbSandbox({ ...limits, milliseconds }).query({ sql, tables: {}, limit, offset: 0 });
}

async function countRows({ rows }: SandboxResult): Promise<number> {
  let count = 0;
  for await (const group of rows) count += group.length;
  return count;
}

describe('the rows of a page may have 16 MB in all', () => {
  // A row is its text in quotes and brackets: ["x"].
  test.each([
    ["repeat('x', 199996)", 80],
    // Three bytes each.
    ["repeat('€', 99999) || 'xxx'", 53],
  ])('%s', async (text, most) => {
    const page = (rows: number) => query(`SELECT ${text} FROM range(${rows})`, 1001);
    expect(await countRows(await page(most))).toBe(most);
    await expect(countRows(await page(most + 1))).rejects.toMatchObject({ code: 'sql:too_large' });
  });

  test('which is also found in 200 MB, before they are read', async () => {
    const page = await query("SELECT repeat('x', 200000) FROM range(1000)", 1001);
    await expect(countRows(page)).rejects.toMatchObject({ code: 'sql:too_large' });
  });

  test('those of a download may have more', async () => {
    expect(await countRows(await query("SELECT repeat('x', 200000) FROM range(1000)", null))).toBe(1000);
  });
});

describe('a process that is killed in the middle of a line', () => {
  // Lines are longer than a pipe holds, so that the process always waits in the middle of one.
  const LONG_LINES = "SELECT repeat('x', 10000) FROM range(10000000)";

  test('by the time limit is a timeout', async () => {
    const result = await query(LONG_LINES, null, 5000);
    await new Promise((resolve) => result.deadline.addEventListener('abort', resolve));
    await expect(countRows(result)).rejects.toMatchObject({ code: 'sql:timeout' });
  });

  test('by anything else wanted too much memory', async () => {
    const result = await query(LONG_LINES, null);
    const processes = execFileSync('ps', ['--ppid', `${process.pid}`, '-o', 'pid=,args='], {
      encoding: 'utf8',
    });
    const pid = Number.parseInt(
      processes.split('\n').find((line) => line.includes('sql-sandbox-process')) ?? '',
      10,
    );
    process.kill(pid, 'SIGKILL');
    await expect(countRows(result)).rejects.toMatchObject({ code: 'sql:memory' });
    expect(await readdir(temporary)).toEqual([]);
  });
});
