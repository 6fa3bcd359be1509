import { type Environment, start } from './end-to-end-environment.ts';

/** A dashboard in a process of its own. */
export interface ServedDashboard {
  ask<T = unknown>(path: string): Promise<{ status: number; body: T }>;
  stop(): Promise<void>;
}

/** Serves the page of these datasets, or of the first, on a free port. */
export async function serveDashboard(
  environment: Environment,
  datasets: readonly string[] = [],
): Promise<ServedDashboard> {
  const child = start(environment, ['dashboard', ...datasets, '--port', '0', '--json']);
  const ended = new Promise((resolve) => child.on('close', resolve));
  let said = '';
  for await (const bytes of child.stdout ?? []) {
    said += bytes;
    if (/http:\/\/[\d.:]+/.test(said)) break;
  }
  const [address] = /http:\/\/[\d.:]+/.exec(said) ?? [];
  return {
    ask: async <T = unknown>(path: string) => {
      const answer = await fetch(`${address}${path}`);
      return { status: answer.status, body: (await answer.json()) as T };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
