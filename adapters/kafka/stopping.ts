import type { ConnectionPool } from '@platformatic/kafka';

/**
 * How long a call may take, in milliseconds, counted from the signal to stop, or from its beginning where
 * that is later. docs/settings.md names it.
 */
export const STOPPING_MS = 5_000;

/**
 * Limits calls over the connections of a pool once a signal is raised. The library knows no signal, and lets
 * each request wait for 30 s; so the pool's connections are broken off, and it opens no others.
 */
export class Stopping {
  readonly #pool: ConnectionPool;
  readonly #signal: AbortSignal;
  #isOver = false;

  constructor(pool: ConnectionPool, signal = new AbortController().signal) {
    this.#pool = pool;
    this.#signal = signal;
  }

  /** Whether a call took too long, so that this and all later ones fail. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async within<T>(call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = () => {
      timer = setTimeout(() => this.#breakOff(), STOPPING_MS);
    };
    this.#signal.addEventListener('abort', limit);
    if (this.#signal.aborted) limit();
    try {
      return await call();
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', limit);
    }
  }

  #breakOff(): void {
    this.#isOver = true;
    const connections = [...this.#pool].map(([, connection]) => connection);
    this.#pool.close().catch(() => {});
    // Closing waits until what is to be sent has left, which never happens where the server hangs.
    for (const { socket } of connections) socket?.destroy();
  }
}
