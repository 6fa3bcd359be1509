import { existsSync, statSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Dataset } from '../core/dataset.ts';
import { UsageError } from '../core/errors.ts';
import { encodingOf } from '../ingestion/dialect.ts';
import { openSource, type SourceFile } from '../ingestion/source-file.ts';
import { defaultFile } from './command.ts';

/**
 * The input files of a dataset with this folder that a person has named, by file name or pattern
 * (`data/*.csv`), each once; the dataset's default file when none is named. Patterns give their files in the
 * order of the names.
 * @throws UsageError `ingest:no_file` for a folder, for standard input and for a pattern without files;
 *   `ingest:no_file`.
 */
export async function inputFiles(
  { dataset, folder }: { readonly dataset: Dataset; readonly folder: string },
  named: readonly string[],
): Promise<[SourceFile, ...SourceFile[]]> {
  const plain = defaultFile(dataset);
  const fallback = !existsSync(plain) && existsSync(`${plain}.gz`) ? `${plain}.gz` : plain;
  const paths = new Set<string>();
  for (const name of named.length > 0 ? named : [fallback])
    for (const path of await expand(name)) paths.add(shownPath(path));
  const from = dataset.download ? `The real file is available at ${dataset.download}. ` : '';
  const synthetic = existsSync(join(folder, 'shape.yml'))
    ? `Synthetic data: make data DATASET=${dataset.name}`
    : '';
  const hint =
    named.length > 0
      ? 'Check the name: it is relative to the folder in which the command runs.'
      : `Save it as ${plain}, or name another with --file. ${from}${synthetic}`.trimEnd();
  const sources = await Promise.all(
    Array.from(paths, (path) => openSource(path, hint, encodingOf(dataset.source))),
  );
  return sources as [SourceFile, ...SourceFile[]];
}

/** The paths that one name stands for. */
async function expand(name: string): Promise<string[]> {
  if (name === '') throw new UsageError('ingest:no_file', 'The name of the file (--file) is empty');
  if (name === '-' || name === '/dev/stdin') {
    throw new UsageError('ingest:no_file', `${name}: standard input cannot be ingested`, {
      hint: 'A run that is killed could not resume it. Save it as a file first.',
    });
  }
  if (existsSync(name)) {
    if (!statSync(name).isDirectory()) return [name];
    throw new UsageError('ingest:no_file', `${name} is a folder`, {
      hint: `Name its files: --file '${name.replace(/\/$/, '')}/*.csv'`,
    });
  }
  if (!/[*?[{]/.test(name)) return [name];
  const paths: string[] = [];
  for await (const path of glob(name)) if (statSync(path).isFile()) paths.push(path);
  if (paths.length === 0) throw new UsageError('ingest:no_file', `No file matches ${name}`);
  return paths.sort();
}

/** The path as people see it: relative where it is below the current folder. */
function shownPath(path: string): string {
  const below = relative('.', resolve(path)) || '.';
  return below.startsWith('..') ? resolve(path) : below;
}
