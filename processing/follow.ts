import { setTimeout as sleep } from 'node:timers/promises';
import { EventlakeError } from '../core/errors.ts';
import { mayPass, Pause } from '../core/retry.ts';
import { type ArchiveContext, type ArchiveResult, archive } from './archive.ts';
import { type Modelled, modelStage, type ProcessContext, publishStage, removeLeftovers } from './process.ts';

/** Profiles are renewed at the latest after this time though more events keep coming. */
const RENEW_AFTER_MS = 60_000;

/** A stage that failed, and will be retried. */
export interface StageFailure {
  readonly stage: 'archive' | 'model' | 'publish';
  readonly error: EventlakeError;
  readonly pauseMs: number;
}

/** What following works on and with. */
export interface FollowContext extends ProcessContext {
  /** Told of every failure that does not end it. */
  onFailure?(failure: StageFailure): void;
}

/**
 * Archives until `stop` is aborted. Beside it the model runs whenever the archive pauses, and every minute
 * where it does not, and publish runs after each model. No stage waits for a later one.
 *
 * Once the stores have been reached it survives their failures: what may pass is retried, after longer and
 * longer pauses. The index is the last stage, so that no error of it ends the others. A failure that will not
 * pass aborts `stop`, so that all stages end.
 */
export async function follow(context: FollowContext, stop: AbortController): Promise<ArchiveResult> {
  await removeLeftovers(context);
  const { signal } = stop;
  let versions: Modelled['versions'] = new Map();
  const publishing = new LaterStage('publish', () => publishStage(context, versions));
  const modelling = new LaterStage('model', async () => {
    versions = (await modelStage(context, signal)).versions;
    publishing.wake();
  });
  let failure: unknown;
  const ended = (error: unknown) => {
    failure ??= error;
    stop.abort();
  };
  const [archived] = await Promise.all([
    archiveOn(context, signal, () => modelling.wake()).catch(ended),
    modelling.run(context, signal).catch(ended),
    publishing.run(context, signal).catch(ended),
  ]);
  if (!archived || failure !== undefined) throw failure;
  return archived;
}

/** The archive until the signal. `renew` is called when the profiles should be renewed. */
async function archiveOn(
  context: FollowContext,
  signal: AbortSignal,
  renew: () => void,
): Promise<ArchiveResult> {
  const total = { events: 0, rejected: 0, commits: 0 };
  const pause = new Pause();
  let reached = false;
  let fresh = true;
  let renewed = Date.now();
  const renewProfiles = () => {
    fresh = false;
    renewed = Date.now();
    renew();
  };
  const watched: ArchiveContext = {
    ...context.archive,
    onTurn() {
      reached = true;
      context.archive.onTurn?.();
    },
    onCommit(outcome) {
      total.events += outcome.events;
      total.rejected += outcome.rejected;
      total.commits += 1;
      pause.reset();
      context.archive.onCommit?.(outcome);
      fresh = true;
      if (Date.now() - renewed > RENEW_AFTER_MS) renewProfiles();
    },
    onIdle() {
      pause.reset();
      context.archive.onIdle?.();
      if (fresh) renewProfiles();
    },
  };
  const ends = new Promise<never>(() => {});
  while (!signal.aborted) {
    try {
      await archive(watched, { ends, signal });
    } catch (error) {
      if (!reached || signal.aborted || !mayPass(error)) throw error;
      const pauseMs = pause.next();
      context.onFailure?.({ stage: 'archive', error, pauseMs });
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }
  return { ...total, stopped: true };
}

/** A stage that works each time that an earlier one has woken it, and again after a failure. */
class LaterStage {
  readonly #stage: 'model' | 'publish';
  readonly #work: () => Promise<unknown>;
  #awake = Promise.withResolvers<void>();

  constructor(stage: 'model' | 'publish', work: () => Promise<unknown>) {
    this.#stage = stage;
    this.#work = work;
  }

  /** Lets it work, again if it is working. */
  wake(): void {
    this.#awake.resolve();
  }

  /** Works until the signal, or until a failure that will not pass. */
  async run(context: FollowContext, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake());
    const pause = new Pause();
    while (!signal.aborted) {
      await this.#awake.promise;
      if (signal.aborted) return;
      this.#awake = Promise.withResolvers();
      try {
        await this.#work();
        pause.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#survives(error)) throw error;
        const pauseMs = pause.next();
        context.onFailure?.({ stage: this.#stage, error, pauseMs });
        await sleep(pauseMs, undefined, { signal }).catch(() => {});
        this.wake();
      }
    }
  }

  #survives(error: unknown): error is EventlakeError {
    return mayPass(error) || (this.#stage === 'publish' && error instanceof EventlakeError);
  }
}
