import { resolve } from 'node:path';
import { describe, test } from '@jest/globals';
import { tryCommand } from '../servers/command.ts';

/** The project's folder. */
export const PROJECT = resolve(import.meta.dirname, '../..');
/** What Compose asks for where .env.local is not read. */
export const CREDENTIALS = {
  MINIO_ROOT_USER: 'root',
  MINIO_ROOT_PASSWORD: 'root-password',
  MINIO_ACCESS_KEY: 'key',
  MINIO_SECRET_KEY: 'secret-password',
};

/** Why the Compose files cannot be read here; null where they can. */
export async function noCompose(): Promise<string | null> {
  const { status } = await tryCommand('docker', ['compose', 'version']);
  return status === 0 ? null : 'Docker Compose is not installed';
}

/** Why the stack cannot be started here; null where it can. */
export async function noEngine(): Promise<string | null> {
  const compose = await noCompose();
  if (compose !== null) return compose;
  if ((await tryCommand('docker', ['info'])).status !== 0) return 'no Docker engine answers';
  // Where the engine is wanted, it fetches what it lacks.
  return isWanted() ? null : missingImage();
}

async function missingImage(): Promise<string | null> {
  const { stdout } = await tryCommand('docker', ['compose', '--env-file', '.env', 'config', '--images'], {
    cwd: PROJECT,
    env: CREDENTIALS,
  });
  const wanted = stdout.split('\n').filter((image) => image !== '' && !image.startsWith('eventlake:'));
  for (const image of ['node:24-bookworm-slim', 'apache/spark:4.2.0', ...wanted]) {
    if ((await tryCommand('docker', ['image', 'inspect', image])).status !== 0) {
      return `the image ${image} is not on this machine, and is only fetched with EVENTLAKE_REQUIRE_DOCKER=1`;
    }
  }
  return null;
}

/**
 * Tests that need Docker. Without it they are one test that says so in a line and passes, or fails where
 * EVENTLAKE_REQUIRE_DOCKER=1 wants them to run.
 */
export function describeWithDocker(name: string, problem: string | null, tests: () => void): void {
  if (problem === null) {
    describe(name, tests);
  } else {
    test(`${name}: not run here, ${problem}`, () => {
      if (isWanted()) throw new Error(`${problem}, though EVENTLAKE_REQUIRE_DOCKER is set`);
      process.stderr.write(`${name}: not run here, ${problem}\n`);
    });
  }
}

function isWanted(): boolean {
  return Boolean(process.env.EVENTLAKE_REQUIRE_DOCKER);
}
