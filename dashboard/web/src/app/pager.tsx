import type { ReactNode } from 'react';

interface PagerProps {
  readonly label: string;
  /** What the two buttons are called: to the page before, and to the one after. */
  readonly names?: readonly [string, string];
  readonly atFirst: boolean;
  readonly atLast: boolean;
  /** Which rows are shown. */
  readonly children: ReactNode;
  /** -1: the page before, 1: the one after. */
  onTurn(pages: -1 | 1): void;
}

/** Turns the pages of a list. */
export function Pager({
  label,
  names = ['Previous', 'Next'],
  atFirst,
  atLast,
  children,
  onTurn,
}: PagerProps) {
  return (
    <nav className="pager" aria-label={label}>
      <button type="button" disabled={atFirst} onClick={() => onTurn(-1)}>
        {names[0]}
      </button>
      <span aria-live="polite">{children}</span>
      <button type="button" disabled={atLast} onClick={() => onTurn(1)}>
        {names[1]}
      </button>
    </nav>
  );
}
