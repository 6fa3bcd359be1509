import type { Problem } from '../../../api.ts';

/** Whether a request failed since there is no lake yet. */
export function isLakeMissing(problem: Problem['error'] | null): boolean {
  return problem?.code === 'lake:missing';
}

/** What every view shows while no event is in the lake. */
export function EmptyLake() {
  return (
    <div className="note" data-note="empty-lake">
      <h2>The lake is empty</h2>
      <p>No event is in it yet.</p>
      <p className="hint">
        Fill it with files: <code>make run</code>, or with synthetic data: <code>make demo</code>. This page
        then follows by itself.
      </p>
    </div>
  );
}
