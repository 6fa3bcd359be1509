import { EventlakeError } from './errors.ts';

/** The pause after the first failure; each further one is twice as long. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** Longer and longer pauses, until it goes well again. */
export class Pause {
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

/** Whether the same may succeed if it is tried again. */
export function mayPass(error: unknown): error is EventlakeError {
  return error instanceof EventlakeError && error.retriable;
}
