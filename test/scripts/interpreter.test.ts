import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interpreter-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the lock file holds the hash of the interpreter, and no package needs its install script', async () => {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
  for (const arch of ['x64', 'arm64']) {
    const locked = lock.packages[`node_modules/node-linux-${arch}`];
    expect(locked).toMatchObject({ version: expect.stringMatching(/^24\./), bin: { node: 'bin/node' } });
    expect(locked.integrity).toMatch(/^sha512-/);
    expect(locked.hasInstallScript).toBeUndefined();
  }
  expect(lock.packages['node_modules/node']).toBeUndefined();
});

test('where npm has no Node 24, the machine’s is taken if it is new enough, else one line says so', async () => {
  await mkdir(join(folder, 'cli'));
  await cp(join(ROOT, 'cli/eventlake'), join(folder, 'cli/eventlake'));
  await writeFile(join(folder, 'cli/main.ts'), 'console.log(process.version)');
  const machine = join(folder, 'machine');
  await mkdir(machine);
  const run = () =>
    spawnSync(join(folder, 'cli/eventlake'), { env: { PATH: `${machine}:/usr/bin:/bin` }, encoding: 'utf8' });
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('run: npm ci') });
  await mkdir(join(folder, 'node_modules'));
  // A Node of before 24, as far as the launcher can see.
  await writeFile(join(machine, 'node'), '#!/bin/sh\nexit 1\n');
  await chmod(join(machine, 'node'), 0o755);
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: .*Node\.js 24.*\n$/) });
  await rm(join(machine, 'node'));
  await symlink(process.execPath, join(machine, 'node'));
  expect(run()).toMatchObject({ status: 0, stdout: `${execFileSync(process.execPath, ['--version'])}` });
});
