import { setTimeout as sleep } from 'node:timers/promises';
import type { PassingFault, Target } from '../fault.ts';
import { openProductViews } from '../product-views.ts';

/** So long may pass between two faults, so that some publications end undisturbed. */
const UNDISTURBED_MS = 2_000;
/** The kills come within so many milliseconds of the first bytes of a publication. */
const PUBLISHING_MS = 1_000;
const IDLE_MS = 30_000;
/** The answers to a publication have about so many bytes. */
const ANSWER_BYTES = 18_000;

/** Waits for a random moment of a publication; false when there was none for long. */
async function publishing({ stack, random }: Target): Promise<boolean> {
  await sleep(random.below(UNDISTURBED_MS));
  const watch = stack.tcp.postgres.inject({ kind: 'slow', bytesPerSecond: 1e9 });
  for (const began = performance.now(); watch.fired === 0 && performance.now() - began < IDLE_MS; )
    await sleep(2);
  watch.heal();
  await sleep(random.below(PUBLISHING_MS));
  return watch.fired > 0;
}

/** Faults while product views are published to PostgreSQL. */
export const WAREHOUSE_FAULTS: readonly PassingFault[] = [
  {
    name: 'postgres-kill',
    how: 'kill -9 of the server and its sessions while facts are published, then a start with the same data',
    outcome: 'waits for it; exact',
    open: (stack, random) => openProductViews(stack, random, 'batch'),
    holdMs: 1_000,
    async inject(target) {
      const isHit = await publishing(target);
      await target.stack.kill('postgres');
      return { fired: () => (isHit ? 1 : 0), heal: () => target.stack.restart('postgres') };
    },
  },
  {
    name: 'postgres-cut',
    how: 'the connection is cut after a random number of bytes while facts are published',
    outcome: 'retried; exact',
    open: (stack, random) => openProductViews(stack, random, 'batch'),
    holdMs: 0,
    async inject(target) {
      const { stack, random } = target;
      const kind = random.below(2) === 0 ? 'reset' : 'close';
      // Every second cut is in the middle of an answer, the others mostly in rows that are sent.
      const isAnswer = random.below(2) === 0;
      if (!isAnswer) await publishing(target);
      const moment = isAnswer ? { afterBytes: random.below(ANSWER_BYTES) } : {};
      const injected = stack.tcp.postgres.inject({ kind, ...moment }, 1);
      return { fired: () => injected.fired, heal: async () => injected.heal() };
    },
  },
  {
    name: 'warehouse-kill',
    how: 'kill -9 of `process --write-mode partition` while facts are published',
    outcome: 'the next one continues; exact',
    open: (stack, random) => openProductViews(stack, random, 'partition'),
    holdMs: 0,
    async inject(target) {
      const isPublishing = await publishing(target);
      const { follower } = target.jobs;
      const isHit =
        isPublishing && follower !== null && follower.exitCode === null && follower.kill('SIGKILL');
      return { fired: () => (isHit ? 1 : 0), heal: async () => {} };
    },
  },
];
