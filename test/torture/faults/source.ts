import { join } from 'node:path';
import type { Random } from '../../../generator/random.ts';
import { type Environment, json } from '../../stack/end-to-end-environment.ts';

const ROWS = 600;

/** A generated file in the environment's folder, with some dirty lines. */
export async function generate(
  { folder, ...environment }: Environment,
  name: string,
  random: Random,
): Promise<{ file: string; name: string }> {
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
