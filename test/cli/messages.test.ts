import { chmod, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from './fixtures.ts';

const PLAIN = `name: plain
key: id
time: ts
columns:
  - {name: ts, type: timestamp, required: true}
  - {name: id, type: int64, required: true}
`;

let home: Home;
let environment: Record<string, string>;
beforeAll(async () => {
  home = await Home.create();
  await mkdir(join(home.folder, 'datasets/plain'), { recursive: true });
  await home.put('datasets/plain/dataset.yml', PLAIN);
  await home.put('plain.csv', 'ts,id\n2024-01-01T00:00:00Z,1\n');
  await symlink('loop.csv', join(home.folder, 'loop.csv'));
  environment = {
    EVENTLAKE_DATASETS: join(home.folder, 'datasets'),
    EVENTLAKE_HOME: join(home.folder, 'home'),
  };
});
afterAll(() => rm(home.folder, { recursive: true }));

test.each([
  ['ingest data/dirty.csv', /"data\/dirty.csv" is not a dataset's name .*\n.*--file data\/dirty\.csv/],
  [
    'ingest PLAIN',
    /"PLAIN" is not a dataset's name .*\n.*Did you mean plain\? The datasets are: .*electronics.*plain/,
  ],
  ['ingest electronic', /Did you mean electronics\? The datasets are: .*electronics.*plain/],
  ['ingest sensors', /→ The datasets are: .*electronics.*plain/],
  [
    'ingest --file nope.csv',
    /There is no file nope\.csv .*\n {2}→ Check the name: it is relative to the folder/,
  ],
  ['ingest plain --file loop.csv', /loop\.csv cannot be read: ELOOP/],
  ['ingest electronics', /Save it as data\/electronics\.csv.*Synthetic data: make data DATASET=electronics/],
  [
    'ingest plain',
    /There is no file data\/plain\.csv .*\n {2}→ Save it as data\/plain\.csv, or name another with --file\.\n/,
  ],
  ['profile abc', /"abc" is not a valid user_id \(64-bit integer\) \[profile:bad_key\]/],
  ['profile plain', /Whose profile\?/],
])('%s says what is wrong and what to do', async (command, message) => {
  const { code, stderr } = await home.run(command.split(' '), environment);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
});

test('an empty home has nothing ingested, rather than everything balanced', async () => {
  for (const command of ['status', 'audit']) {
    const { code, stdout } = await home.run([command, 'plain'], environment);
    expect(code).toBe(0);
    expect(stdout).toContain('nothing ingested yet');
    expect(stdout).not.toMatch(/balanced|all of it in the lake/);
  }
});

test('a dataset without models has no line of profiles', async () => {
  const { code, stdout } = await home.run(['run', 'plain', '--file', 'plain.csv'], environment);
  expect(code).toBe(0);
  expect(stdout).toContain('✔ balanced');
  expect(stdout).not.toContain('profiles');
});

test('a file without permission is refused with the reason', async () => {
  const path = await home.put('secret.csv', 'ts,id\n');
  await chmod(path, 0o000);
  await chmod(home.folder, 0o777);
  // Nothing is closed to root, who may choose another user instead.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const { code, stderr } = await home.run(
    ['check-data', 'plain', '--file', 'secret.csv'],
    { ...environment, EVENTLAKE_HOME: join(home.folder, 'other') },
    user,
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /secret\.csv cannot be read: EACCES: permission denied.*\n {2}→ Give the user who runs/,
  );
});
