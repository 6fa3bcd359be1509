import type { Problem } from '../../../api.ts';
import { useLive } from '../api/live.ts';

interface ProblemNoteProps {
  readonly problem: Problem['error'];
  /** Tries again what went wrong; without it there is nothing to try. */
  again?(): void;
}

/** What went wrong, and what to do; nothing where the page already says that the server is lost. */
export function ProblemNote(props: ProblemNoteProps) {
  const lost = useLive((live) => live.lost);
  return props.problem.code === lost?.code ? null : <Note {...props} />;
}

/**
 * Why the server cannot be reached, the same above every view. What has failed is asked for again when it is
 * back.
 */
export function ServerLost({ problem }: { problem: Problem['error'] }) {
  return <Note problem={problem} />;
}

function Note({ problem, again }: ProblemNoteProps) {
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
