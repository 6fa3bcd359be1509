import { mkdir, readdir, rm } from 'node:fs/promises';
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
