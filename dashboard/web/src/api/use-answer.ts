import { useEffect, useRef, useState } from 'react';
import type { Problem } from '../../../api.ts';
import { NO_SERVER, problemOf } from './ask.ts';
import { tellLost, useLive } from './live.ts';
import { askShared } from './shared.ts';

interface Shown<T> {
  readonly answer: T | null;
  readonly problem: Problem['error'] | null;
  readonly loading: boolean;
}

/** An answer of the server, on its way or here. An older answer stays until the new one is here. */
export interface Loaded<T> extends Shown<T> {
  /** Asks again. */
  again(): void;
}

/**
 * Asks for `url`, and again whenever it changes; null asks for nothing. A new `turn` asks again, too, without
 * a sign of it: what is shown then gives way to something newer of the same. What has failed is asked for
 * again when the server is back.
 */
export function useAnswer<T>(url: string | null, turn = ''): Loaded<T> {
  const [shown, setShown] = useState<Shown<T>>({ answer: null, problem: null, loading: true });
  const [asked, setAsked] = useState(0);
  const again = () => setAsked((times) => times + 1);
  const question = `${asked} ${url}`;
  const begun = useRef('');
  const answered = useRef<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn asks again
  useEffect(() => {
    if (url === null) return;
    if (begun.current !== question) setShown((before) => ({ ...before, loading: true }));
    begun.current = question;
    let isWanted = true;
    const { answer, leave } = askShared<T>(url);
    answer.then(
      (said) => {
        if (!isWanted) return;
        answered.current = url;
        setShown({ answer: said, problem: null, loading: false });
      },
      (error: unknown) => {
        if (!isWanted) return;
        const keep = (before: Shown<T>) => (answered.current === url ? before.answer : null);
        const problem = problemOf(error);
        if (problem.code === NO_SERVER) tellLost(problem);
        setShown((before) => ({ answer: keep(before), problem, loading: false }));
      },
    );
    return () => {
      isWanted = false;
      leave();
    };
  }, [url, question, turn]);
  const reconnections = useLive((live) => live.reconnections);
  const hasFailed = useRef(false);
  hasFailed.current = shown.problem !== null;
  useEffect(() => {
    if (reconnections > 0 && hasFailed.current) setAsked((times) => times + 1);
  }, [reconnections]);
  return { ...shown, again };
}
