import { useEffect, useState } from 'react';
import type { Problem } from '../../../api.ts';
import { ask, problemOf } from './ask.ts';

/** An answer of the server, on its way or here. An older answer stays until the new one is here. */
export interface Loaded<T> {
  readonly answer: T | null;
  readonly problem: Problem['error'] | null;
  readonly loading: boolean;
}

/** Asks for `url`, and again whenever it or `turn` changes; null asks for nothing. */
export function useAnswer<T>(url: string | null, turn: unknown = null): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ answer: null, problem: null, loading: true });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn asks again
  useEffect(() => {
    if (url === null) return;
    const stop = new AbortController();
    setLoaded((before) => ({ ...before, loading: true }));
    ask<T>(url, { signal: stop.signal }).then(
      (answer) => setLoaded({ answer, problem: null, loading: false }),
      (error: unknown) => {
        if (!stop.signal.aborted) setLoaded({ answer: null, problem: problemOf(error), loading: false });
      },
    );
    return () => stop.abort();
  }, [url, turn]);
  return loaded;
}
