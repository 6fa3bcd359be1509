import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FILE, Home } from './fixtures.ts';

let home: Home;
let temporary: string;
beforeAll(async () => {
  home = await Home.create();
  temporary = join(home.folder, 'temporary');
  await mkdir(temporary);
});
afterAll(() => rm(home.folder, { recursive: true }));

test('a command that only looks leaves no folder behind, not even for a while in the home', async () => {
  const file = await home.put('events.csv', FILE);
  const commands: [string[], number][] = [
    [['status'], 0],
    [['audit'], 0],
    [['rejected'], 0],
    [['profile', '1'], 1],
    [['check-data', '--file', file], 0],
    [['reset'], 2],
    [['reset', '--yes'], 0],
  ];
  for (const [args, code] of commands) {
    const left = await home.run(args, { TMPDIR: temporary });
    expect({ args, code: left.code, stderr: left.stderr }).toMatchObject({ args, code });
    expect({ args, folders: (await readdir(home.folder)).sort() }).toEqual({
      args,
      folders: ['events.csv', 'temporary'],
    });
    expect({ args, folders: await readdir(temporary) }).toEqual({ args, folders: [] });
  }
}, 120_000);

test('one that writes makes the home', async () => {
  await home.run(['ingest', '--file', join(home.folder, 'events.csv')], { TMPDIR: temporary });
  expect((await readdir(join(home.folder, 'home'))).sort()).toEqual(['log', 'tmp']);
}, 60_000);

test('commands that only look work in a home that they may not write to', async () => {
  const file = join(home.folder, 'events.csv');
  await home.run(['run', '--file', file]);
  const place = join(home.folder, 'home');
  const commands = [
    ['status'],
    ['audit'],
    ['rejected'],
    ['profile', '1515915625519388267'],
    ['check-data', '--file', file],
  ];
  const answers = await home.runAll(commands);
  await chmod(home.folder, 0o755);
  await chmod(temporary, 0o777);
  // Of root, no mode keeps anything: it looks as another user.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  execFileSync('chmod', ['-R', 'a+rX,a-w', place]);
  try {
    for (const [i, args] of commands.entries()) {
      expect({ args, ...(await home.run(args, { TMPDIR: temporary }, user)) }).toEqual({
        args,
        ...answers[i],
      });
      expect({ args, folders: await readdir(temporary) }).toEqual({ args, folders: [] });
    }
    const shown = home.start(['dashboard', '--port', '0', '--json'], { TMPDIR: temporary }, user);
    const ended = once(shown, 'close');
    const [said] = await once(shown.stdout, 'data');
    const answer = await fetch(`${/http:[^"]+/.exec(String(said))?.[0]}/api/overview`);
    expect(await answer.json()).toMatchObject({ events: 5, entities: 3 });
    shown.kill('SIGTERM');
    await ended;
    expect(await readdir(temporary)).toEqual([]);
    expect(await home.run(['process'], {}, user)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('settings:bad_home'),
    });
  } finally {
    execFileSync('chmod', ['-R', 'u+w', place]);
  }
}, 120_000);
