import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ServerState } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';

/**
 * Whether this user may read and write the folder, and whether its disk has space; makes nothing. Of a folder
 * that was not made yet, the one is looked at in which it will be.
 * @throws `object:forbidden`, `object:full`, and `object:failed` when it is no folder
 */
export async function checkFolder(folder: string): Promise<ServerState> {
  const path = resolve(folder);
  const present = await nearestPresent(path);
  if (!(await stat(present)).isDirectory())
    throw new EventlakeError('object:failed', `${present} is not a folder`);
  try {
    await access(present, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new EventlakeError('object:forbidden', `${present}: ${(cause as Error).message}`, {
      hint: 'Give this user the right to read and write it, or set EVENTLAKE_HOME to another folder.',
      cause,
    });
  }
  const { bavail, blocks, bsize } = await statfs(present);
  if (bavail === 0 && blocks > 0) throw new EventlakeError('object:full', `${present}: the disk is full`);
  const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`;
  return {
    version: null,
    detail: present === path ? free : `${free}; the first command that writes makes the folder`,
  };
}

async function nearestPresent(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) {
      throw new EventlakeError('object:forbidden', `${path}: ${(error as Error).message}`, { cause: error });
    }
    return nearestPresent(dirname(path));
  }
}
