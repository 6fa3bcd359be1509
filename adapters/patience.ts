import { setTimeout as sleep } from 'node:timers/promises';
import { EventlakeError } from '../core/errors.ts';

const LONGEST_PAUSE_MS = 10_000;

/**
 * The pauses between repeated requests: from 0.1 s, each twice the one before, up to 10 s, less a random part
 * of up to a half.
 */
export class Patience {
  readonly #limit: () => number;
  readonly #signal: AbortSignal;
  #since = 0;
  #pause = 0;

  constructor(limitMs: () => number, signal: AbortSignal) {
    this.#limit = limitMs;
    this.#signal = signal;
    this.renew();
  }

  /** Starts from the beginning: something went well. */
  renew(): void {
    this.#since = performance.now();
    this.#pause = 100;
  }

  /**
   * Pauses after a failure that may pass; throws the failure when it will not, or when patience has run out.
   */
  async wait(failure: unknown, also?: AbortSignal): Promise<void> {
    if (!(failure instanceof EventlakeError && failure.retriable)) throw failure;
    const pause = this.#pause * (1 - Math.random() / 2);
    if (performance.now() + pause - this.#since > this.#limit()) throw failure;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    const signal = also ? AbortSignal.any([this.#signal, also]) : this.#signal;
    await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
