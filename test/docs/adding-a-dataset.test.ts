import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');

/**
 * A code block of the example: its language, its text, and the path under which the sentence before it says
 * to save it.
 */
interface Block {
  readonly language: string;
  readonly text: string;
  readonly path: string | undefined;
}

let folder: string;
let blocks: Block[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adding-'));
  const page = await readFile(join(ROOT, 'docs/adding-a-dataset.md'), 'utf8');
  const example = page.split('## An example')[1]?.split('\n## ')[0] ?? '';
  blocks = [...example.matchAll(/(?:as `([^`]+)`:\n\n)?```(\w*)\n(.*?)```/gs)].map(
    ([, path, language = '', text = '']) => ({ path, language, text }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

test('the example of docs/adding-a-dataset.md, followed to the letter, prints what it says', async () => {
  for (const { path, text } of blocks) {
    if (path === undefined) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await mkdir(join(folder, 'bin'));
  await symlink(join(ROOT, 'cli/eventlake'), join(folder, 'bin/eventlake'));
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  const printed: string[] = [];
  const promised: string[] = [];
  for (const [i, { language, text }] of blocks.entries()) {
    if (language !== 'sh') continue;
    const { stdout } = await promisify(execFile)('bash', ['-ec', text], { cwd: folder, env });
    printed.push(stdout);
    promised.push(blocks[i + 1]?.text ?? '');
  }
  expect(printed).toHaveLength(2);
  expect(printed).toEqual(promised);
  expect(blocks.map(({ path }) => path).filter(Boolean)).toEqual([
    'datasets/readings/dataset.yml',
    'datasets/readings/sensor_profiles.sql',
    'data/readings.csv',
  ]);
});
