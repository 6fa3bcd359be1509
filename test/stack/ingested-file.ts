import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE } from '../cli/fixtures.ts';
import { type Environment, json } from './end-to-end-environment.ts';

/** Puts {@link FILE} into the environment's folder and ingests it; answers with its path. */
export async function ingestedFile(environment: Environment): Promise<string> {
  const file = join(environment.folder, 'events.csv');
  await writeFile(file, FILE);
  await json(environment, ['ingest', '--file', file]);
  return file;
}
