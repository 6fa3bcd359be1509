import type { Problem } from '../../../api.ts';

interface ProblemNoteProps {
  readonly problem: Problem['error'];
  /** Tries again what went wrong; without it there is nothing to try. */
  again?(): void;
}

/** What went wrong, and what to do. */
export function ProblemNote({ problem, again }: ProblemNoteProps) {
  const [first, ...rest] = problem.message.split('\n');
  const lines = rest.join('\n').replace(/^\n+/, '');
  return (
    <div className="note problem" role="alert">
      <p>{first}</p>
      {/* DuckDB points with a caret at a place in the line above. */}
      {lines && <pre>{lines}</pre>}
      {problem.hint && <p className="hint">{problem.hint}</p>}
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
