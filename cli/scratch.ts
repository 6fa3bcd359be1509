import { access, constants, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../core/errors.ts';

/** What a command does with the stores. One that only looks makes nothing: no bucket, no topic, no index, no folder. */
export type Access = 'look' | 'write';

/** Where a command spills and stages. */
export interface Scratch {
  readonly folder: string;
  close(): Promise<void>;
}

/**
 * `tmp` in the home. A command that only looks makes no home: where there is none, it gets a folder of the system's, which is gone at close.
 */
export async function openScratch(home: string, purpose: Access): Promise<Scratch> {
  const folder = join(home, 'tmp');
  try {
    if (purpose === 'look' && (await isMissing(home))) {
      const own = await mkdtemp(join(tmpdir(), 'eventlake-'));
      return { folder: own, close: () => rm(own, { recursive: true, force: true }) };
    }
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new UsageError(
      'settings:bad_home',
      `EVENTLAKE_HOME: cannot write to ${home}: ${(cause as Error).message}`,
      { cause },
    );
  }
  return { folder, close: async () => {} };
}

/** Anything else that is wrong with the folder is told by making it. */
async function isMissing(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}
