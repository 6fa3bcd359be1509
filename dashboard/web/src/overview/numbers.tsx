import type { OverviewAnswer } from '../../../api.ts';
import type { Loaded } from '../api/use-answer.ts';
import { grouped, share } from '../app/format.ts';
import { ProblemNote } from '../app/problem-note.tsx';

interface NumbersProps {
  readonly entities: string;
  readonly loaded: Loaded<OverviewAnswer>;
  readonly hasAmount: boolean;
}

/** The four numbers that everything else explains. */
export function Numbers({ entities, loaded, hasAmount }: NumbersProps) {
  const { answer, problem, loading, again } = loaded;
  const tiles = [
    {
      name: 'events',
      value: answer?.events,
      note: answer ? copiesOf(answer) : 'being counted …',
    },
    { name: entities, value: answer?.customers, note: 'with a matching event' },
    ...(hasAmount
      ? [
          {
            name: 'buyers',
            value: answer?.buyers,
            note: answer && `${share(answer.buyers, answer.customers)} of them`,
          },
          { name: 'revenue', value: answer?.revenue, note: 'spent, duplicates counted once' },
        ]
      : []),
  ];
  return (
    <>
      {problem && <ProblemNote problem={problem} again={again} />}
      {(answer || !problem) && (
        <dl className={loading ? 'numbers stale' : 'numbers'} aria-busy={loading} aria-live="polite">
          {tiles.map(({ name, value, note }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd data-number={name}>{value === undefined ? ' ' : grouped(value)}</dd>
              <dd className="hint">{note || ' '}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** What else is counted on the page: distinct events. */
function copiesOf({ events, duplicates }: OverviewAnswer): string {
  if (duplicates === 0) return 'all distinct';
  return `${grouped(events - duplicates)} distinct and ${grouped(duplicates)} exact ${duplicates === 1 ? 'duplicate' : 'duplicates'}`;
}
