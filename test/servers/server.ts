import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines } from './command.ts';
import { ServerError } from './errors.ts';

/** The servers that every test run starts. */
export type ServerName = 'kafka' | 'minio' | 'elasticsearch';
/** Those, and what only some tests need. */
export type AnyServerName = ServerName | 'postgres' | 'spark';

/** A server process on this machine, listening on 127.0.0.1 only. It survives the process that started it. */
export interface Server {
  name: AnyServerName;
  /** Leader of a process group of its own. */
  pid: number;
  port: number;
  /**
   * Everything that the server writes, its log `<name>.log` and its record `server.json`. No two servers
   * share one.
   */
  folder: string;
}

/** How to run a server in the foreground, and how to tell that it is ready. */
export interface Launch {
  name: AnyServerName;
  port: number;
  folder: string;
  command: string;
  /** Must contain `folder` somewhere: the process is recognised by it. */
  args: string[];
  env?: Record<string, string>;
  /** The user and group to run as, if not the current one. */
  uid?: number;
  /** Asked again and again until true; an exception counts as "not yet". */
  isReady: () => Promise<boolean>;
  timeoutSeconds: number;
}

/**
 * Starts a server and waits until it is ready. On failure no process is left.
 *
 * @throws ServerError `services:start_failed` with the end of the server's log when it exits or is not ready
 *   in time; `services:already_running` when the folder has a live server
 */
export async function launchServer(launch: Launch): Promise<Server> {
  const { name, port, folder } = launch;
  const present = runningServer(folder);
  if (present !== undefined) {
    throw new ServerError(
      'services:already_running',
      `${name} already runs in ${folder} (process ${present.pid}).`,
    );
  }
  mkdirSync(folder, { recursive: true });
  const logPath = join(folder, `${name}.log`);
  const log = openSync(logPath, 'a');
  const child = spawn(launch.command, launch.args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...launch.env },
    ...(launch.uid === undefined ? {} : { uid: launch.uid, gid: launch.uid }),
  });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = `could not be started: ${error.message}`;
  });
  child.once('exit', (status, signal) => {
    ended ??= `ended with ${signal ?? `status ${status}`} before it was ready`;
  });
  child.unref();

  const server: Server = { name, pid: child.pid ?? 0, port, folder };
  if (child.pid !== undefined) writeFileSync(recordPath(folder), JSON.stringify(server));
  const deadline = performance.now() + launch.timeoutSeconds * 1000;
  while (ended === undefined) {
    if (await launch.isReady().catch(() => false)) return server;
    if (performance.now() > deadline) ended = `was not ready after ${launch.timeoutSeconds} seconds`;
    await sleep(100);
  }
  if (child.pid !== undefined) await stopServer(server, 1);
  throw new ServerError(
    'services:start_failed',
    `${name} ${ended}. The end of ${logPath}:\n${lastLines(readFileSync(logPath, 'utf8'))}`,
  );
}

/** The live server that was started in `folder`, if any. */
export function runningServer(folder: string): Server | undefined {
  if (!existsSync(recordPath(folder))) return undefined;
  const server = JSON.parse(readFileSync(recordPath(folder), 'utf8')) as Server;
  return isAlive(server) ? server : undefined;
}

/** Ends a server: politely, then after `graceSeconds` by force. Does nothing if it has ended already. */
export async function stopServer(server: Server, graceSeconds = 30): Promise<void> {
  const deadline = performance.now() + graceSeconds * 1000;
  let isForced = false;
  if (isAlive(server)) signalGroup(server, 'SIGTERM');
  while (isAlive(server)) {
    if (!isForced && performance.now() > deadline) {
      isForced = true;
      signalGroup(server, 'SIGKILL');
    }
    await sleep(50);
  }
  rmSync(recordPath(server.folder), { force: true });
}

function recordPath(folder: string): string {
  return join(folder, 'server.json');
}

/**
 * Whether the process is there and is this server: after a reboot or a long time its pid may be another
 * program's.
 */
function isAlive({ pid, folder }: Server): boolean {
  return commandLine(pid).includes(folder);
}

/**
 * A process's command and arguments; empty when there is none, or when it has ended and only waits to be
 * reaped.
 */
function commandLine(pid: number): string {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function signalGroup(server: Server, signal: NodeJS.Signals): void {
  try {
    process.kill(-server.pid, signal);
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
