import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../servers/postgres.ts';
import { type Server, stopServer } from '../servers/server.ts';

/** A PostgreSQL server for tests that kill or replace it, and the folder in which it lives. */
export interface OwnPostgres {
  readonly folder: string;
  /** Another one after a restart. */
  server: Server;
  /** Stops it and removes the folder. */
  remove(): Promise<void>;
}

/** Starts a server in a folder of its own. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'own-postgres-'));
  // The user that the server runs as has to enter it.
  await chmod(folder, 0o755);
  const own: OwnPostgres = {
    folder,
    server: await startPostgres(join(folder, 'server')),
    async remove() {
      await stopServer(own.server, 2);
      await rm(folder, { recursive: true, force: true });
    },
  };
  return own;
}
