import { useEffect, useRef, useState } from 'react';
import type { LiveSeriesAnswer, Problem } from '../../../api.ts';
import { askIfChanged, problemOf } from '../api/ask.ts';

/** What the server last said of the readings. */
export interface Series {
  readonly answer: LiveSeriesAnswer | null;
  /** The address that the answer is of. */
  readonly of: string;
  /** The server's time at the last answer, in milliseconds since the epoch. */
  readonly at: number;
  /** Why the last question was not answered; what was known before stays. */
  readonly problem: Problem['error'] | null;
}

/** A server that takes longer is away. */
const PATIENCE_MS = 10_000;

/**
 * Asks for `url` at once, and again every so many seconds, with one request at a time; once where it is
 * paused. Nothing is asked for while nobody sees the page.
 */
export function useSeries(url: string, everySeconds: number, isPaused: boolean): Series {
  const [series, setSeries] = useState<Series>({ answer: null, of: '', at: 0, problem: null });
  const known = useRef({ url: '', tag: '' });
  useEffect(() => {
    if (isPaused && known.current.url === url) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    const ask = async () => {
      if (isAsking || document.hidden) return;
      isAsking = true;
      clearTimeout(timer);
      const begun = performance.now();
      const tag = known.current.url === url ? known.current.tag : '';
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE_MS)]);
      const said = await askIfChanged<LiveSeriesAnswer>(url, tag, signal).catch((error: unknown) => ({
        error,
      }));
      if (stop.signal.aborted) return;
      if ('error' in said) setSeries((before) => ({ ...before, problem: problemOf(said.error) }));
      else {
        known.current = { url, tag: said.tag };
        setSeries((before) => ({
          answer: said.answer ?? before.answer,
          of: url,
          at: said.at,
          problem: null,
        }));
      }
      isAsking = false;
      if (isPaused && !('error' in said)) return;
      timer = setTimeout(ask, Math.max(0, 1000 * everySeconds - (performance.now() - begun)));
    };
    void ask();
    document.addEventListener('visibilitychange', ask);
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [url, everySeconds, isPaused]);
  return series;
}
