import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const PROJECT = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');

/**
 * The files that a module of the project loads when it runs, itself included; `import type` loads nothing.
 */
function loaded(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const imports = /^(?:import|export)(?! type\b)[^;'"]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gm;
  for (const [, fixed, later] of read(file).matchAll(imports)) {
    loaded(relative(PROJECT, join(PROJECT, dirname(file), fixed ?? later ?? '')), seen);
  }
  return seen;
}

test('the page is built in the image, from files that the build is given', () => {
  const ignored = read('.dockerignore').split('\n');
  expect(ignored).toContain('dashboard/web/dist');
  for (const needed of ['!dashboard', '!package.json', '!package-lock.json', '!tsconfig.json'])
    expect(ignored).toContain(needed);
  const dockerfile = read('Dockerfile');
  expect(dockerfile).toContain('vite build dashboard/web');
  expect(dockerfile).toContain('COPY --from=page /app/dashboard/web/dist dashboard/web/dist');
});

test('the image is given every folder that the command line loads', () => {
  const folders = [...new Set([...loaded('cli/main.ts')].map((file) => file.split('/')[0] ?? ''))].sort();
  expect(folders).toEqual(
    expect.arrayContaining(['adapters', 'cli', 'config', 'core', 'lake', 'processing']),
  );
  const given = [...read('.dockerignore').matchAll(/^!(\w+)$/gm)].map(([, folder]) => folder);
  expect(folders.filter((folder) => !given.includes(folder))).toEqual([]);
  expect(read('Dockerfile')).toMatch(/^COPY \. \.$/m);
});
