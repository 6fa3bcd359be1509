import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerName } from '../../servers/server.ts';
import type { PassingFault } from '../fault.ts';

/** A server that is killed, and started again with its data. */
function killed(server: ServerName): PassingFault {
  return {
    name: `${server}-kill`,
    how: 'kill -9 of the server, then a start with the same data',
    outcome: 'waits for it; exact',
    holdMs: 1_000,
    async inject({ stack }) {
      await stack.kill(server);
      return { fired: () => 1, heal: () => stack.restart(server) };
    },
  };
}

/** A server that is paused and continued. */
function paused(server: ServerName): PassingFault {
  return {
    name: `${server}-pause`,
    how: 'SIGSTOP of the server for up to 3 s',
    outcome: 'waits for it; exact',
    holdMs: 3_000,
    async inject({ stack }) {
      stack.signal(server, 'SIGSTOP');
      return { fired: () => 1, heal: async () => stack.signal(server, 'SIGCONT') };
    },
  };
}

/** A signal to a job of the pipeline, when it runs. */
function signalled(job: 'follower' | 'ingest', signal: 'SIGKILL' | 'SIGSTOP'): PassingFault {
  const isKill = signal === 'SIGKILL';
  return {
    name: `${job}-${isKill ? 'kill' : 'pause'}`,
    how: isKill ? `kill -9 of the ${job}` : `SIGSTOP of the ${job} for up to 3 s`,
    outcome: isKill ? 'the next one continues; exact' : 'continues; exact',
    holdMs: isKill ? 0 : 3_000,
    async inject({ jobs }) {
      let child = jobs[job];
      while (child === null || child.exitCode !== null || child.signalCode !== null || !child.kill(signal)) {
        await sleep(5);
        child = jobs[job];
      }
      const hit = child;
      return { fired: () => 1, heal: async () => void (isKill || hit.kill('SIGCONT')) };
    },
  };
}

export const FOLLOWER_KILL = signalled('follower', 'SIGKILL');

/** Faults of processes, the pipeline's own and the servers. */
export const PROCESS_FAULTS: readonly PassingFault[] = [
  FOLLOWER_KILL,
  signalled('ingest', 'SIGKILL'),
  signalled('follower', 'SIGSTOP'),
  signalled('ingest', 'SIGSTOP'),
  ...(['kafka', 'minio', 'elasticsearch'] as const).flatMap((server) => [killed(server), paused(server)]),
];
