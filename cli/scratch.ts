import { access, constants, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from '../core/errors.ts';

/**
 * What a command does with the stores. One that only looks makes nothing: no bucket, no topic, no index, no
 * folder. One that ingests writes into the log too, also into a topic of others: it is one of its producers
 * then.
 */
export type Access = 'look' | 'write' | 'ingest';

/** Where a command spills, stages and keeps local copies of the lake's files. */
export interface Scratch {
  readonly folder: string;
  readonly cache: string;
  close(): Promise<void>;
}

/**
 * `tmp` and `cache` in the home. A command that only looks makes no home and needs to write nothing there:
 * where the home is missing or read-only, it gets a folder of the system's, which is gone at close.
 */
export async function openScratch(home: string, purpose: Access): Promise<Scratch> {
  // What is made from here on, wherever it is written, is for this user alone: the events may be personal
  // data.
  process.umask(0o077);
  checkName(home);
  if (purpose === 'look' && (await isMissing(home))) return systemScratch();
  const folder = join(home, 'tmp');
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (cause) {
    if (purpose === 'look' && READ_ONLY.has((cause as NodeJS.ErrnoException).code ?? ''))
      return systemScratch();
    throw new UsageError(
      'settings:bad_home',
      `EVENTLAKE_HOME: cannot write to ${home}: ${(cause as Error).message}`,
      { cause },
    );
  }
  return { folder, cache: join(home, 'cache'), close: async () => {} };
}

/**
 * Makes a folder and those above it. Node's own recursive call does not end in a file system such as /proc
 * that makes none.
 */
async function makeFolder(folder: string): Promise<void> {
  if (await isMissing(dirname(folder))) await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

const READ_ONLY = new Set(['EACCES', 'EPERM', 'EROFS']);

async function systemScratch(): Promise<Scratch> {
  checkName(tmpdir());
  const own = await mkdtemp(join(tmpdir(), 'eventlake-'));
  const close = () => rm(own, { recursive: true, force: true });
  return { folder: own, cache: join(own, 'cache'), close };
}

/**
 * DuckDB takes a backslash for a separator of folders, and what follows a question mark in a database's path
 * for an option.
 */
function checkName(folder: string): void {
  const bad = /[?\\]/.exec(folder)?.[0];
  if (bad === undefined) return;
  throw new UsageError(
    'settings:bad_home',
    `${folder}: a path with '${bad}' cannot hold the files of eventlake`,
    {
      hint: 'Set EVENTLAKE_HOME (for temporary files: TMPDIR) to a folder without backslashes and question marks in its path.',
    },
  );
}

/** Anything else that is wrong with the folder is told by making it. */
async function isMissing(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}
