import { rm } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { homeOfCum, runCum } from './cum.ts';

test('exports that grow under new names, ingested every night, are each row once', async () => {
  const home = await homeOfCum();
  const first = 'ts,user_id,n\n2024-01-01T00:00:00Z,u1,1\n2024-01-01T00:00:01Z,u2,2\n';
  await home.put('export-1.csv', first);
  await home.put('export-2.csv', `${first}2024-01-02T00:00:00Z,u3,3\n`);
  const said: string[] = [];
  for (const file of ['export-1.csv', 'export-2.csv', 'export-1.csv', 'export-2.csv']) {
    const { code, stdout } = await runCum(home, ['ingest', 'cum', '--file', file]);
    expect(code).toBe(0);
    said.push(stdout);
  }
  expect(said[2]).toContain('nothing new: its 2 rows are the beginning of export-2.csv');
  expect(said[3]).toContain('nothing new: all 3 rows of export-2.csv are in the log');
  const { stdout } = await runCum(home, ['run', 'cum', '--file', 'export-1.csv', '--json']);
  expect(JSON.parse(stdout).audit).toMatchObject({ balanced: true, lake: { events: 3, rejected: {} } });
  await rm(home.folder, { recursive: true });
});
