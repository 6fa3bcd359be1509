/**
 * Without a turn for so long the job hangs; a model over a very large table, or a patient try to publish,
 * takes less.
 */
const HANGS_AFTER_MS = 15 * 60_000;

/** Whether a job lives, and whether it does its work. */
export class Health {
  readonly #now: () => number;
  /** What failed last, by stage. */
  readonly #failing = new Map<string, string>();
  #lastTurn: number;
  #begun = false;

  /** `now` gives milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#lastTurn = now();
  }

  /** The job has reached its stores, and works. */
  turn(): void {
    this.#begun = true;
    this.#lastTurn = this.#now();
  }

  failed(stage: string, reason: string): void {
    this.#failing.set(stage, reason);
  }

  succeeded(stage: string): void {
    this.#failing.delete(stage);
    this.turn();
  }

  get isAlive(): boolean {
    return this.#now() - this.#lastTurn < HANGS_AFTER_MS;
  }

  /** What keeps the job from its work, a sentence each; nothing while all is well. */
  get troubles(): string[] {
    const failing = [...this.#failing].map(([stage, reason]) => `${stage}: ${reason}`);
    return this.#begun ? failing : ['the stores have not been reached yet', ...failing];
  }
}
