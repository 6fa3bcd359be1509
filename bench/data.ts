import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from '../generator/generate.ts';
import { loadShape } from '../generator/shape.ts';
import { ROOT } from './measure.ts';

const SEED = 1;

/** Where the benchmarks keep their data and, while they run, what they make. */
export const BENCH_FOLDER = join(ROOT, '.eventlake', 'bench');

/** Makes the folder new. */
export async function emptyFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}

/**
 * The generator's clean file of so many rows, made once. It is read once, so that the first measured run
 * finds it in memory as the others do.
 */
export async function dataFile(rows: number): Promise<string> {
  const file = join(BENCH_FOLDER, `electronics-${rows}.csv`);
  if (!existsSync(file)) {
    console.error(`  making ${rows} rows of data`);
    await mkdir(BENCH_FOLDER, { recursive: true });
    const shape = await loadShape(join(ROOT, 'config', 'datasets', 'electronics', 'shape.yml'));
    await generate({ shape, rows, seed: SEED, out: file });
  }
  for await (const _ of createReadStream(file, { highWaterMark: 1 << 20 }));
  return file;
}
