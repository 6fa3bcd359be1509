import { setTimeout as sleep } from 'node:timers/promises';
import { EventlakeError } from '../core/errors.ts';
import { type ArchiveContext, type ArchiveResult, archive } from './archive.ts';
import { modelHop, type ProcessContext, publishHop, removeLeftovers } from './process.ts';

/** Profiles are renewed at the latest after this time though more events keep coming. */
const RENEW_AFTER_MS = 60_000;
/** The pause after the first failure of a hop; each further one is twice as long. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** A hop that failed, and will be tried again. */
export interface HopFailure {
  readonly hop: 'archive' | 'model' | 'publish';
  readonly error: EventlakeError;
  readonly pauseMs: number;
}

/** What following works on and with. */
export interface FollowContext extends ProcessContext {
  /** Told of every failure that does not end it. */
  onFailure?(failure: HopFailure): void;
}

/**
 * Archives until the signal; profiles are renewed whenever there is a pause, and every minute where there is none.
 *
 * Once the stores have been reached it outlives their failures: what may pass is tried again, after longer and longer pauses. The index is the last
 * hop, so that no error of it keeps events from the lake.
 */
export async function follow(context: FollowContext, signal: AbortSignal): Promise<ArchiveResult> {
  const total = { events: 0, rejected: 0, commits: 0 };
  const renewal = new Renewal(context);
  const pause = new Pause();
  let reached = false;
  await removeLeftovers(context);
  const forever = new Promise<never>(() => {});
  const watched: ArchiveContext = {
    ...context.archive,
    onTurn() {
      reached = true;
      context.archive.onTurn?.();
    },
    async onCommit(outcome) {
      total.events += outcome.events;
      total.rejected += outcome.rejected;
      total.commits += 1;
      pause.reset();
      await context.archive.onCommit?.(outcome);
      await renewal.afterCommit();
    },
    async onIdle() {
      pause.reset();
      await context.archive.onIdle?.();
      await renewal.whenIdle();
    },
  };
  for (;;) {
    try {
      await archive(watched, { ends: forever, signal });
      return { ...total, stopped: true };
    } catch (error) {
      if (!reached || signal.aborted || !mayPass(error)) throw error;
      const pauseMs = pause.next();
      context.onFailure?.({ hop: 'archive', error, pauseMs });
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
    if (signal.aborted) return { ...total, stopped: true };
  }
}

/** The two hops after the archive, done when there is something new for them. */
class Renewal {
  readonly #context: FollowContext;
  readonly #pause = new Pause();
  #stale = true;
  #renewed = Date.now();
  #notBefore = 0;

  constructor(context: FollowContext) {
    this.#context = context;
  }

  async afterCommit(): Promise<void> {
    this.#stale = true;
    if (Date.now() - this.#renewed > RENEW_AFTER_MS) await this.whenIdle();
  }

  async whenIdle(): Promise<void> {
    if (!this.#stale || Date.now() < this.#notBefore) return;
    const failed = (await this.#try('model', modelHop)) || (await this.#try('publish', publishHop));
    this.#renewed = Date.now();
    if (failed) return;
    this.#stale = false;
    this.#pause.reset();
  }

  /** True when the hop failed and is to be tried again. */
  async #try(
    hop: 'model' | 'publish',
    work: (context: ProcessContext) => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await work(this.#context);
      return false;
    } catch (error) {
      const goesOn = hop === 'publish' && error instanceof EventlakeError;
      if (!goesOn && !mayPass(error)) throw error;
      const pauseMs = this.#pause.next();
      this.#notBefore = Date.now() + pauseMs;
      this.#context.onFailure?.({ hop, error, pauseMs });
      return true;
    }
  }
}

/** Longer and longer pauses, until it goes well again. */
class Pause {
  #ms = FIRST_PAUSE_MS;

  next(): number {
    const ms = this.#ms;
    this.#ms = Math.min(2 * ms, LONGEST_PAUSE_MS);
    return ms;
  }

  reset(): void {
    this.#ms = FIRST_PAUSE_MS;
  }
}

function mayPass(error: unknown): error is EventlakeError {
  return error instanceof EventlakeError && error.retriable;
}
