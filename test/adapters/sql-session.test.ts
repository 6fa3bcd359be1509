import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';

test('a session beside another one does not wait for its statements, and has views of its own', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'sql-'));
  const first = await DuckDbSession.open({ temporary, memoryMb: 100, threads: 2 });
  const second = await first.beside();
  await first.run('CREATE TEMP VIEW numbers AS SELECT 1 AS n');
  await second.run('CREATE TEMP VIEW numbers AS SELECT 2 AS n');
  const ended: string[] = [];
  const long = first
    .rows('SELECT max(hash(a.range, b.range)) IS NOT NULL AS m FROM range(200000) a, range(500) b')
    .then(() => ended.push('long'));
  expect(await second.rows("SELECT n, current_setting('TimeZone') AS zone FROM numbers")).toEqual([
    { n: 2, zone: 'UTC' },
  ]);
  ended.push('short');
  await long;
  expect(ended).toEqual(['short', 'long']);
  // The first that closes leaves the other one as it was.
  await second.close();
  expect(await first.rows('SELECT n FROM numbers')).toEqual([{ n: 1 }]);
  await first.close();
  expect(await readdir(temporary)).toEqual([]);
  await rm(temporary, { recursive: true });
});
