import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** The longest time until a server that was given a port listens on it. */
const STARTING_MS = 600_000;
const [FIRST, COUNT] = [20_000, 12_000];
/** A folder for each span of that time, with a file for each port that was given out in it. */
const GIVEN = join(tmpdir(), `eventlake-ports-${userInfo().uid}`);

/**
 * A port of 127.0.0.1 that nothing listens on, outside the ranges that systems hand to outgoing connections.
 * Nobody else gets it for ten minutes, in any process: servers take seconds until they listen.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await take(port)) && (await isFree(port))) return port;
  }
}

/**
 * Writes first and looks at the spans around it afterwards, so that of two who take a port at the end of a
 * span at least one sees the other. No file is removed that anybody may still look for.
 */
async function take(port: number): Promise<boolean> {
  const span = Math.floor(Date.now() / STARTING_MS);
  const file = (of: number) => join(GIVEN, String(of), String(port));
  if (await mkdir(join(GIVEN, String(span)), { recursive: true })) await removeBefore(span - 1);
  const isWritten = await writeFile(file(span), '', { flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );
  return isWritten && !existsSync(file(span - 1)) && !existsSync(file(span + 1));
}

async function removeBefore(span: number): Promise<void> {
  const old = (await readdir(GIVEN)).filter((name) => Number(name) < span);
  await Promise.all(old.map((name) => rm(join(GIVEN, name), { recursive: true, force: true })));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
