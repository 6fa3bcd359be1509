import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeWorkspace, runShell } from './workspace.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeWorkspace();
});
afterAll(() => rm(folder, { recursive: true }));

test('make says nothing of what is done already, or where it is', async () => {
  expect(await runShell(folder, 'make install')).toMatchObject({ status: 0, output: '' });
  expect(await runShell(folder, 'make data')).toMatchObject({
    status: 0,
    output: 'data/electronics.csv is there, and stays\n',
  });
});

test('make ends with 2 where the command ends with another code, as docs/commands.md says', async () => {
  const audit = await runShell(folder, 'npx eventlake ingest && make audit');
  expect(audit).toMatchObject({ status: 2, output: expect.stringContaining('✘ NOT balanced') });
  expect(audit.output).toMatch(/^make: \*\*\* .* Error 3$/m);
}, 120_000);
