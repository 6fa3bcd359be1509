import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Environment, EVENTLAKE_FLAGS, ROOT } from './measure.ts';

/** A command that serves the page until it is stopped. */
export interface Serving {
  readonly server: ChildProcess;
  /** Such as `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Ends it with a signal; answers with its exit code, null when the signal ended it. */
  stop(signal: 'SIGINT' | 'SIGTERM'): Promise<number | null>;
}

/**
 * Starts a command that serves the page, as users do, and waits until it prints its address. What else it
 * says is read and dropped.
 */
export async function startServing(args: readonly string[], environment: Environment): Promise<Serving> {
  const server = spawn(process.execPath, [...EVENTLAKE_FLAGS, join(ROOT, 'cli', 'main.ts'), ...args], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(server, 'exit');
  for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8');
  const address = await new Promise<string>((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr])
      createInterface(stream).on('line', (line) => {
        const found = /http:\/\/\S+/.exec(line)?.[0];
        if (found) resolve(found);
      });
    server.on('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
  return {
    server,
    address,
    async stop(signal) {
      server.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}
