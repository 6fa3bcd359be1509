import { rm } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { homeOfCum, runCum } from './cum.ts';

test('a column without a name is named by its number', async () => {
  const home = await homeOfCum();
  await home.put('a.csv', 'ts,user_id,n,\n2024-01-01T00:00:00Z,a,1,\n');
  for (const command of ['check-data', 'ingest']) {
    const { code, stdout, stderr } = await runCum(home, [command, 'cum', '--file', 'a.csv']);
    expect(code).toBe(0);
    expect(stdout + stderr).toMatch(/not.*carried: column 4 \(without a name\)/);
  }
  await rm(home.folder, { recursive: true });
});
