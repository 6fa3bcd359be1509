import { setTimeout as sleep } from 'node:timers/promises';
import { EventlakeError } from '../core/errors.ts';
import type { PipelineAnswer } from './api.ts';
import { Movements } from './movement.ts';
import { type PipelineContext, pipelineNow } from './pipeline.ts';

/** What a watcher is told: the pipeline's new state, or why it cannot be read now. */
export interface PipelineListener {
  state(state: PipelineAnswer): void;
  problem(error: unknown): void;
}

const LOOK_MS = 1000;

/**
 * Looks at the pipeline once a second while anybody watches, however many they are, and tells all of them
 * what has changed.
 */
export class PipelineWatcher {
  readonly #context: PipelineContext;
  /** What each was told last. */
  readonly #listeners = new Map<PipelineListener, string>();
  #looking = false;
  readonly #movements = new Movements();

  constructor(context: PipelineContext) {
    this.#context = context;
  }

  /** How many watch. */
  get watching(): number {
    return this.#listeners.size;
  }

  /** The pipeline's state now. */
  now(): Promise<PipelineAnswer> {
    return pipelineNow(this.#context, this.#movements);
  }

  /** Tells the listener the state at once and whenever it changes; the result ends that. */
  watch(listener: PipelineListener): () => void {
    this.#listeners.set(listener, '');
    void this.#look([listener]);
    if (!this.#looking) void this.#keepLooking();
    return () => this.#listeners.delete(listener);
  }

  async #keepLooking(): Promise<void> {
    this.#looking = true;
    while (this.#listeners.size > 0) {
      await sleep(LOOK_MS, null, { ref: false });
      await this.#look([...this.#listeners.keys()]);
    }
    this.#looking = false;
  }

  async #look(listeners: readonly PipelineListener[]): Promise<void> {
    const found = await this.now().then(
      (state) => ({ text: JSON.stringify(state), tell: (to: PipelineListener) => to.state(state) }),
      // The same fault may name another table each time.
      (error) => ({
        text: error instanceof EventlakeError ? error.code : String(error),
        tell: (to: PipelineListener) => to.problem(error),
      }),
    );
    for (const listener of listeners) {
      const last = this.#listeners.get(listener);
      if (last === undefined || last === found.text) continue;
      this.#listeners.set(listener, found.text);
      found.tell(listener);
    }
  }
}
