import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { withLock } from './lock.ts';
import { softwareFolder } from './software.ts';

let home: string;
const homeBefore = process.env.EVENTLAKE_SERVICES_HOME;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'eventlake-software-'));
  process.env.EVENTLAKE_SERVICES_HOME = home;
  // What is installed is announced there.
  jest.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(home, { recursive: true });
  if (homeBefore === undefined) delete process.env.EVENTLAKE_SERVICES_HOME;
  else process.env.EVENTLAKE_SERVICES_HOME = homeBefore;
});

test('software is built once, however many ask for it at the same time', async () => {
  let builds = 0;
  const build = async (folder: string) => {
    builds++;
    await sleep(300);
    writeFileSync(join(folder, 'program'), 'whole');
  };
  const folders = await Promise.all([1, 2, 3].map(() => softwareFolder('tool-1.0', build)));
  expect(new Set(folders)).toEqual(new Set([join(home, 'tool-1.0')]));
  expect(builds).toBe(1);
  expect(readFileSync(join(home, 'tool-1.0', 'program'), 'utf8')).toBe('whole');
});

test('a build that fails leaves nothing that looks whole, and the next one starts clean', async () => {
  const failing = async (folder: string) => {
    writeFileSync(join(folder, 'half'), '');
    throw new Error('no network');
  };
  await expect(softwareFolder('tool-1.0', failing)).rejects.toThrow('no network');
  expect(existsSync(join(home, 'tool-1.0'))).toBe(false);

  const folder = await softwareFolder('tool-1.0', async (part) => writeFileSync(join(part, 'program'), ''));
  expect(readdirSync(folder)).toEqual(['program']);
});

test('a lock is free again when its holder was killed', async () => {
  const path = join(home, 'x.lock');
  const module = join(import.meta.dirname, 'lock.ts');
  const program = `import { withLock } from '${module}';
    await withLock('${path}', async () => { console.log('held'); await new Promise((done) => setTimeout(done, 60_000)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  let isHeld = false;
  const waiting = withLock(path, async () => {
    isHeld = true;
  });
  await sleep(600);
  expect(isHeld).toBe(false);
  holder.kill('SIGKILL');
  await waiting;
  expect(isHeld).toBe(true);
});
