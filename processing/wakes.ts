/**
 * Tells a stage that there is work: an iteration begins for any number of wakes since the last one began. It
 * ends with the signal at once, and after `end` with the work that is left.
 */
export class Wakes implements AsyncIterable<void> {
  readonly #signal: AbortSignal;
  #isAwake = false;
  #isEnded = false;
  #changed = Promise.withResolvers<void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#changed.resolve());
  }

  wake(): void {
    this.#isAwake = true;
    this.#changed.resolve();
  }

  /** No wake follows. */
  end(): void {
    this.#isEnded = true;
    this.#changed.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<void> {
    while (!this.#signal.aborted) {
      if (this.#isAwake) {
        this.#isAwake = false;
        yield;
      } else if (this.#isEnded) {
        return;
      } else {
        await this.#changed.promise;
        this.#changed = Promise.withResolvers();
      }
    }
  }
}
