import { appendFile, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../../generator/random.ts';
import { type Environment, json } from '../../stack/end-to-end-environment.ts';

const ROWS = 600;

/** A file that was generated, and the name by which commands are given it. */
export interface Source {
  readonly file: string;
  readonly name: string;
}

/** A generated file in the environment's folder, with some dirty lines. */
export async function generate(
  { folder, ...environment }: Environment,
  name: string,
  random: Random,
): Promise<Source> {
  const file = join(folder, name);
  const args = [
    '--rows',
    `${ROWS}`,
    '--seed',
    `${random.below(1_000_000)}`,
    '--dirty',
    '0.02',
    '--out',
    file,
  ];
  await json({ folder, ...environment }, ['generate', ...args]);
  return { file, name };
}

/** One of several, drawn. */
export function one<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)] as T;
}

/** Another file with the same rows: a line that is rejected makes it so. */
export async function another({ folder }: Environment, source: Source, wave: number): Promise<Source> {
  const name = `wave-${wave}.csv`;
  const file = join(folder, name);
  await copyFile(source.file, file);
  await appendFile(file, `wave ${wave}\n`);
  return { file, name };
}
