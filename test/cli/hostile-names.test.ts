import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FILE, Home } from './fixtures.ts';

/** Clears the screen and sets the title (C0 and C1), deletes, and turns the direction of what follows. */
const HOSTILE = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u007f\u202eevil';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be printed
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let home: Home;
let file: string;
beforeAll(async () => {
  home = await Home.create();
  const lines = FILE.trimEnd().split('\n');
  const [header = '', ...rows] = lines.map((line, i) => `${line},${i === 0 ? `${HOSTILE}column` : 'x'}`);
  const bad = `${HOSTILE},view,1,2,,asus,1.00,7,s,x`;
  file = await home.put(`${HOSTILE}.csv`, `${[header, ...rows, bad].join('\n')}\n`);
});
afterAll(() => rm(home.folder, { recursive: true }));

test('control characters of names and values never reach the terminal', async () => {
  const said: string[] = [];
  const commands = [
    ['check-data', '--file', file],
    ['run', '--file', file],
    ['status'],
    ['rejected'],
    ['rejected', '--json'],
    ['audit', `${HOSTILE}`],
    ['ingest', '--file', `${HOSTILE}missing.csv`],
    [HOSTILE],
    ['status', '--env-file', HOSTILE],
  ];
  for (const args of commands) {
    const { stdout, stderr } = await home.run(args);
    said.push(stdout + stderr);
    expect({ args, obeyed: OBEYED.exec(stdout + stderr)?.[0] ?? null }).toEqual({ args, obeyed: null });
  }
  // It is shown all the same.
  expect(said.filter((text) => text.includes('evil'))).toHaveLength(commands.length);
  const { examples } = JSON.parse(said[4] ?? '') as { examples: { detail: string | null }[] };
  expect(examples.some(({ detail }) => detail === HOSTILE)).toBe(true);
}, 180_000);

test('a JSON log holds none either, and is the same JSON', async () => {
  const { stderr } = await home.run(['ingest', '--file', `${HOSTILE}missing.csv`], { LOG_FORMAT: 'json' });
  expect(OBEYED.exec(stderr)).toBeNull();
  const messages = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).msg as string);
  expect(messages.some((text) => text.includes(HOSTILE))).toBe(true);
}, 60_000);

test('what is made below the home is for its user alone', async () => {
  await home.run(['run', '--file', file]);
  const place = join(home.folder, 'home');
  const open: string[] = [];
  for (const name of ['', ...(await readdir(place, { recursive: true }))]) {
    const { mode } = await stat(join(place, name));
    if ((mode & 0o077) !== 0) open.push(`${name} ${(mode & 0o777).toString(8)}`);
  }
  expect(open).toEqual([]);
}, 60_000);
