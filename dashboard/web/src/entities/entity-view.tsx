import { useMemo } from 'react';
import type {
  DatasetAnswer,
  EntityAnswer,
  EntityEventsAnswer,
  EntitySessionsAnswer,
  EntitySpendAnswer,
} from '../../../api.ts';
import { useTableVersions } from '../api/live.ts';
import { useAnswer } from '../api/use-answer.ts';
import { Breakable } from '../app/breakable.tsx';
import { amountText, cellText, heading, isAmount } from '../app/cells.ts';
import { EmptyLake, isLakeMissing } from '../app/empty-lake.tsx';
import { capitalized, grouped, money, time, words } from '../app/format.ts';
import { Pager } from '../app/pager.tsx';
import { Panel } from '../app/panel.tsx';
import { ProblemNote } from '../app/problem-note.tsx';
import { Link, setOffset, useOffset } from '../app/route.tsx';
import { midnight } from '../charts/day-ticks.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { columnsInOrder } from './column-order.ts';

const EVENTS = 50;

/** One row of the model's table: the profile, what was spent over time, sessions, and every event. */
export function EntityView({ id, dataset }: { id: string; dataset: DatasetAnswer }) {
  const path = `/api/entities/${encodeURIComponent(id)}`;
  const profile = useAnswer<EntityAnswer>(path, useTableVersions());
  const isKnown = profile.answer !== null;
  if (profile.problem) {
    return (
      <>
        <h1>
          {capitalized(dataset.entity.singular)} {id}
        </h1>
        {isLakeMissing(profile.problem) ? (
          <EmptyLake />
        ) : (
          <ProblemNote problem={profile.problem} again={profile.again} />
        )}
        <p>
          <Link href="/entities">All {dataset.entity.plural}</Link>
        </p>
      </>
    );
  }
  const segment = profile.answer?.[dataset.overview?.segment ?? ''];
  const facts = profile.answer ? factsOf(dataset, profile.answer) : [];
  const isAbove = new Set([
    dataset.key,
    ...(segment ? [dataset.overview?.segment] : []),
    ...facts.map(({ name }) => name),
  ]);
  const types = new Map(dataset.profileColumns.map(({ name, type }) => [name, type]));
  return (
    <>
      <p className="back">
        <Link href="/entities">{capitalized(dataset.entity.plural)}</Link>
      </p>
      <h1>
        {capitalized(dataset.entity.singular)} {id}{' '}
        {segment && <span className="badge">{words(String(segment))}</span>}
      </h1>
      {profile.answer && <Facts dataset={dataset} profile={profile.answer} facts={facts} />}
      <div className="panels">
        <Panel title="Profile" loaded={profile} lines={10} wide>
          {(columns) => (
            <dl className="profile">
              {columnsInOrder(dataset, Object.keys(columns))
                .filter((name) => !isAbove.has(name))
                .map((name) => (
                  <div key={name}>
                    <dt>{words(name)}</dt>
                    <dd data-column={name}>
                      <Breakable text={amountText(dataset, name, columns[name], types.get(name))} />
                    </dd>
                  </div>
                ))}
            </dl>
          )}
        </Panel>
        {dataset.overview?.amount && (
          <Spend path={isKnown ? path : null} currency={dataset.overview.currency} />
        )}
        <Sessions path={isKnown ? path : null} overview={dataset.overview} />
        <Events path={isKnown ? path : null} dataset={dataset} />
      </div>
    </>
  );
}

type Columns = DatasetAnswer['profileColumns'];

/** Money and times of a profile, which say at once who this is. */
function factsOf({ profileColumns }: DatasetAnswer, profile: EntityAnswer): Columns {
  const of = (type: RegExp) => profileColumns.filter((column) => type.test(column.type)).slice(0, 2);
  return [...of(/^decimal/), ...of(/^timestamp/)].filter(({ name }) => name in profile);
}

interface FactsProps {
  readonly dataset: DatasetAnswer;
  readonly profile: EntityAnswer;
  readonly facts: Columns;
}

function Facts({ dataset, profile, facts }: FactsProps) {
  if (facts.length === 0) return null;
  return (
    <dl className="numbers facts">
      {facts.map(({ name, type }) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd data-fact={name}>{amountText(dataset, name, profile[name], type)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Spend({ path, currency }: { path: string | null; currency: string | null }) {
  const loaded = useAnswer<EntitySpendAnswer>(path && `${path}/spend`);
  const { at, totals } = useMemo(() => {
    const days = loaded.answer?.days ?? [];
    return {
      at: days.map(({ day }) => midnight(day)),
      // A height in a chart, not money to reckon with.
      totals: days.map(({ total }) => Number(total)),
    };
  }, [loaded.answer]);
  return (
    <Panel title="Spend over time" hint="All purchases up to each day" loaded={loaded}>
      {({ days }) =>
        days.length === 0 ? (
          <p className="empty">Has bought nothing.</p>
        ) : (
          <>
            {days.length > 1 && (
              <LineChart days={at} values={totals} label="spent" colour={3} height={160} stepped />
            )}
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must take the keyboard */}
            <ul className="plain-list" aria-label="Days with a purchase" tabIndex={0}>
              {days.map(({ day, spent, total }) => (
                <li key={day}>
                  {day}: {money(spent, currency)}{' '}
                  <span className="hint">in all {money(total, currency)}</span>
                </li>
              ))}
            </ul>
          </>
        )
      }
    </Panel>
  );
}

function Sessions({ path, overview }: { path: string | null } & Pick<DatasetAnswer, 'overview'>) {
  const steps = overview?.funnel ?? [];
  const loaded = useAnswer<EntitySessionsAnswer>(path && `${path}/sessions`);
  return (
    <Panel title="Sessions" hint="Newest first" loaded={loaded}>
      {({ sessions }) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must take the keyboard
        <ol className="sessions" aria-label="Sessions" tabIndex={0}>
          {sessions.map(({ session, first, last, counts, spent }) => (
            <li key={`${session} ${first}`}>
              <strong>{session ?? 'without a session'}</strong>
              <span className="hint">
                {time(first)}
                {first === last ? '' : ` to ${time(last)}`}
              </span>
              <span>
                {[
                  ...Object.entries(counts)
                    .filter(([, n]) => n > 0)
                    .sort(([a], [b]) => steps.indexOf(a) - steps.indexOf(b))
                    .map(([type, n]) => `${grouped(n)} ${words(type)}`),
                  ...(spent === '0.00' ? [] : [`${money(spent, overview?.currency)} spent`]),
                ].join(' · ')}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function Events({ path, dataset }: { path: string | null; dataset: DatasetAnswer }) {
  const offset = useOffset('event');
  const loaded = useAnswer<EntityEventsAnswer>(path && `${path}/events?limit=${EVENTS}&offset=${offset}`);
  const columns = dataset.columns.filter(({ name }) => name !== dataset.key);
  return (
    <Panel title="Timeline" hint="Every event, newest first" loaded={loaded} wide>
      {({ total, events }) => (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard */}
          <section className="table" aria-label="Events, scrolls sideways" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  {columns.map(({ name, type }) => (
                    <th key={name} scope="col" className={isAmount(type) ? 'number' : ''}>
                      {heading(dataset, name)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {events.map((event) => (
                  <tr key={`${event.logPartition}/${event.logOffset}`}>
                    {columns.map(({ name, type }) => (
                      <td key={name} className={isAmount(type) ? 'number' : ''}>
                        {cellText(event[name], type)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          {total > EVENTS && (
            <Pager
              label="Pages of events"
              names={['Newer', 'Older']}
              atFirst={offset === 0}
              atLast={offset + events.length >= total}
              onTurn={(pages) => setOffset('event', offset + pages * EVENTS)}
            >
              {grouped(offset + 1)} to {grouped(offset + events.length)} of {grouped(total)}
            </Pager>
          )}
        </>
      )}
    </Panel>
  );
}
