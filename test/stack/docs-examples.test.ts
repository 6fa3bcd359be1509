import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { PAGES } from '../docs/pages.ts';
import { makeWorkspace, runShell } from '../docs/workspace.ts';
import { installPython } from '../servers/python.ts';
import { type Environment, realServers } from './end-to-end-environment.ts';

jest.setTimeout(240_000);

const SELF = 'test/stack/docs-examples.test.ts';
const blocks = PAGES.flatMap((page) => page.blocks).filter(({ mark }) => mark?.text === SELF);
const programs = new Map(
  PAGES.map(({ path }) => [
    path,
    blocks.filter(({ page, language }) => page === path && language === 'python').map(({ text }) => text),
  ]),
);

let folder: string;
let servers: Environment;
beforeAll(async () => {
  folder = await makeWorkspace();
  servers = await realServers();
  // The README's `.venv`, with the packages that it installs there.
  await symlink(dirname(dirname(await installPython())), join(folder, '.venv'));
  for (const settings of [{}, { ...servers.variables, EVENTLAKE_HOME: join(folder, 'home') }]) {
    expect(await runShell(folder, 'npx eventlake run', settings)).toMatchObject({ status: 0 });
  }
});
afterAll(async () => {
  await servers.remove();
  await rm(folder, { recursive: true });
});

test('the README reads the lake that make run has filled', async () => {
  const readme = blocks.filter(({ page, language }) => page === 'README.md' && language === 'sh');
  expect(readme).toHaveLength(1);
  for (const { text } of readme) {
    expect(await runShell(folder, text)).toMatchObject({
      status: 0,
      output: expect.stringContaining('visitor'),
    });
  }
});

test('the Python of docs/reading-the-lake.md runs as one program, on local files and on MinIO', async () => {
  const python = programs.get('docs/reading-the-lake.md') ?? [];
  expect(python.length).toBeGreaterThan(4);
  await mkdir(join(folder, 'examples'));
  await writeFile(join(folder, 'examples/reading.py'), python.join('\n'));
  const result = await runShell(folder, '.venv/bin/python examples/reading.py', { ...servers.variables });
  expect(result).toMatchObject({ status: 0, output: expect.stringContaining('visitor') });
});
