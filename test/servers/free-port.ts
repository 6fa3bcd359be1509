import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** The longest time until a server that was given a port listens on it. */
const STARTING_MS = 600_000;
const [FIRST, COUNT] = [20_000, 12_000];
/** A file for each port that was given out. */
const GIVEN = join(tmpdir(), `eventlake-ports-${userInfo().uid}`);

/**
 * A port of 127.0.0.1 that nothing listens on, outside the ranges that systems hand to outgoing connections.
 * Nobody else gets it for ten minutes, in any process: servers take seconds until they listen.
 */
export async function freePort(): Promise<number> {
  await mkdir(GIVEN, { recursive: true });
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await take(port)) && (await isFree(port))) return port;
  }
}

async function take(port: number): Promise<boolean> {
  const file = join(GIVEN, String(port));
  const given = (await stat(file).catch(() => null))?.mtimeMs ?? 0;
  if (given < Date.now() - STARTING_MS) await rm(file, { force: true });
  return writeFile(file, '', { flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
