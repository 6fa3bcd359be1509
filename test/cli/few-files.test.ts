import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from './fixtures.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');

let home: Home;
beforeAll(async () => {
  home = await Home.withData();
  expect((await home.run(['run'])).code).toBe(0);
}, 60_000);
afterAll(() => rm(home.folder, { recursive: true }));

/** Runs `audit` with so many files open at most; Node alone needs more than 20. */
async function auditWith(files: number): Promise<{ code: number; stderr: string }> {
  const command = `ulimit -n ${files}; exec "${process.execPath}" "${MAIN}" audit`;
  const env = { PATH: process.env.PATH, EVENTLAKE_HOME: join(home.folder, 'home') };
  return new Promise((resolve) => {
    const child = execFile('bash', ['-c', command], { env, cwd: home.folder }, (_error, _out, stderr) =>
      resolve({ code: child.exitCode ?? -1, stderr }),
    );
  });
}

test('with few file descriptors, audit succeeds or says that there are too few', async () => {
  let refused = 0;
  for (const files of [23, 24, 25, 26, 27, 28]) {
    const { code, stderr } = await auditWith(files);
    expect(stderr).not.toContain('fault of eventlake');
    if (code === 0) continue;
    // Node itself ends where it cannot start.
    expect(stderr).toMatch(/EMFILE|too many (open )?files/i);
    refused += 1;
  }
  expect(refused).toBeGreaterThan(0);
  expect((await auditWith(1024)).code).toBe(0);
});
