import { type ReactNode, useId } from 'react';
import type { Loaded } from '../api/use-answer.ts';
import { ProblemNote } from './problem-note.tsx';

interface PanelProps<T> {
  readonly title: string;
  readonly hint?: string;
  readonly loaded: Loaded<T>;
  readonly wide?: boolean;
  /** Height that is kept free while nothing is there yet, so that nothing jumps. */
  readonly lines?: number;
  children(answer: T): ReactNode;
}

/**
 * A titled part of a view that loads by itself: it keeps what it shows while it loads again, and shows its
 * own problem.
 */
export function Panel<T>({ title, hint, loaded, wide = false, lines = 5, children }: PanelProps<T>) {
  const id = useId();
  const { answer, problem, loading, again } = loaded;
  return (
    <section className={wide ? 'panel wide' : 'panel'} aria-labelledby={id} aria-busy={loading}>
      <h2 id={id}>{title}</h2>
      {hint && <p className="hint">{hint}</p>}
      {problem && <ProblemNote problem={problem} again={again} />}
      {answer !== null && <div className={loading ? 'stale' : ''}>{children(answer)}</div>}
      {answer === null && !problem && <Skeleton lines={lines} />}
    </section>
  );
}

function Skeleton({ lines }: { lines: number }) {
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => `line-${i}`).map((key) => (
        <div key={key} />
      ))}
    </div>
  );
}
