import type { Problem } from '../../../api.ts';

/** What went wrong, and what to do. */
export function ProblemNote({ problem }: { problem: Problem['error'] }) {
  return (
    <div className="note problem" role="alert">
      <p>{problem.message}</p>
      {problem.hint && <p className="hint">{problem.hint}</p>}
    </div>
  );
}
