import type { OverviewAnswer } from '../../../api.ts';
import type { Loaded } from '../api/use-answer.ts';
import { grouped, money, share } from '../app/format.ts';
import { ProblemNote } from '../app/problem-note.tsx';
import type { DayRange } from './date-range.ts';

interface NumbersProps {
  readonly entities: string;
  readonly loaded: Loaded<OverviewAnswer>;
  readonly hasAmount: boolean;
  readonly currency: string | null | undefined;
  /** The period before, to compare with, and its numbers once they are known. */
  readonly range: DayRange | null;
  readonly before: OverviewAnswer | null;
  /** Whether the events are about entities, of which each may have several events. */
  readonly hasEntities: boolean;
}

/** The four numbers that everything else explains. */
export function Numbers({ entities, loaded, hasAmount, currency, range, before, hasEntities }: NumbersProps) {
  const { answer, problem, loading, again } = loaded;
  const tiles = [
    {
      name: 'events',
      value: answer?.events,
      earlier: before?.events,
      note: answer ? copiesOf(answer) : 'being counted …',
    },
    ...(hasEntities
      ? [
          {
            name: entities,
            value: answer?.entities,
            earlier: before?.entities,
            note: 'with a matching event',
          },
        ]
      : []),
    ...(hasAmount
      ? [
          {
            name: 'buyers',
            value: answer?.buyers,
            earlier: before?.buyers,
            note: answer && `${share(answer.buyers, answer.entities)} of them`,
          },
          {
            name: 'revenue',
            value: answer?.revenue,
            earlier: before?.revenue,
            unit: currency,
            note: answer && perBuyer(answer, currency),
          },
        ]
      : []),
  ];
  return (
    <>
      {problem && <ProblemNote problem={problem} again={again} />}
      {(answer || !problem) && (
        <dl className={loading ? 'numbers stale' : 'numbers'} aria-busy={loading} aria-live="polite">
          {tiles.map(({ name, value, earlier, unit, note }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd data-number={name}>
                {value === undefined ? ' ' : grouped(value)}
                {value !== undefined && unit && <small> {unit}</small>}
              </dd>
              <dd className="hint">{note || ' '}</dd>
              {value !== undefined && earlier !== undefined && (
                <dd className="hint" data-change={name}>
                  {change(Number(value), Number(earlier))}
                </dd>
              )}
            </div>
          ))}
        </dl>
      )}
      {range && before && (
        <p className="hint compared">
          Compared with as many days before: {range.from} to {range.to}.
        </p>
      )}
    </>
  );
}

/** What else is counted on the page: distinct events. */
function copiesOf({ events, duplicates }: OverviewAnswer): string {
  if (duplicates === 0) return 'all distinct';
  return `${grouped(events - duplicates)} distinct and ${grouped(duplicates)} exact ${duplicates === 1 ? 'duplicate' : 'duplicates'}`;
}

function perBuyer({ revenue, buyers }: OverviewAnswer, currency: string | null | undefined): string {
  return buyers === 0 ? 'no buyers' : `${money((Number(revenue) / buyers).toFixed(2), currency)} per buyer`;
}

/** The change as a share of what was before. */
function change(value: number, earlier: number): string {
  if (earlier === 0) return value === 0 ? 'as before' : 'none before';
  const percent = (100 * (value - earlier)) / earlier;
  const sign = percent < 0 ? '−' : '+';
  return `${sign}${Math.abs(percent).toFixed(1)} % vs. before`;
}
