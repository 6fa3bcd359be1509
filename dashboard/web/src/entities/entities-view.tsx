import { useEffect, useState } from 'react';
import type { DatasetAnswer, EntitiesAnswer, OverviewAnswer } from '../../../api.ts';
import { withQuery } from '../api/ask.ts';
import { useTableVersions } from '../api/live.ts';
import { useAnswer } from '../api/use-answer.ts';
import { cellText, heading, isNumeric } from '../app/cells.ts';
import { EmptyLake, isLakeMissing } from '../app/empty-lake.tsx';
import { capitalized, grouped, words } from '../app/format.ts';
import { Pager } from '../app/pager.tsx';
import { ProblemNote } from '../app/problem-note.tsx';
import { Link, setOffset, setQuery, useOffset, usePlace } from '../app/route.tsx';
import { columnsInOrder } from './column-order.ts';

const ROWS = 50;
/** A pause in typing after which the search begins. */
const TYPED_MS = 250;

/** All rows of the model's table, a page of them at a time: searched, sorted and filtered by the server. */
export function EntitiesView({ dataset }: { dataset: DatasetAnswer }) {
  const { query } = usePlace();
  const offset = useOffset('offset');
  const { answer, problem, loading, again } = useAnswer<EntitiesAnswer>(
    withQuery('/api/entities', {
      q: query.get('q'),
      segment: query.get('segment'),
      sort: query.get('sort'),
      order: query.get('order'),
      limit: `${ROWS}`,
      offset: `${offset}`,
    }),
    useTableVersions(),
  );
  const shown = answer?.entities.length ?? 0;
  const total = answer?.total ?? 0;
  if (isLakeMissing(problem)) {
    return (
      <>
        <h1>{capitalized(dataset.entity.plural)}</h1>
        <EmptyLake />
      </>
    );
  }
  return (
    <>
      <h1>{capitalized(dataset.entity.plural)}</h1>
      <div className="filters">
        <form aria-label="Search" onSubmit={(event) => event.preventDefault()}>
          <Search name={words(dataset.key)} />
          {dataset.overview?.segment && <Segments />}
        </form>
      </div>
      {problem && <ProblemNote problem={problem} again={again} />}
      {answer && total === 0 && (
        <p className="note">
          {query.get('q') || query.get('segment')
            ? `No ${dataset.entity.singular} matches.`
            : `There are no ${dataset.entity.plural} yet. They appear here when the model has run.`}
        </p>
      )}
      {answer && total > 0 && (
        <>
          <Table dataset={dataset} answer={answer} stale={loading} />
          <Pager
            label="Pages"
            atFirst={offset === 0}
            atLast={offset + shown >= total}
            onTurn={(pages) => setOffset('offset', offset + pages * ROWS)}
          >
            {grouped(offset + 1)} to {grouped(offset + shown)} of {grouped(total)}
          </Pager>
        </>
      )}
    </>
  );
}

function Search({ name }: { name: string }) {
  const { query } = usePlace();
  const searched = query.get('q') ?? '';
  const [typed, setTyped] = useState(searched);
  useEffect(() => setTyped(searched), [searched]);
  useEffect(() => {
    if (typed === searched) return;
    const timer = setTimeout(() => setQuery({ q: typed || null, offset: null }, { replace: true }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, searched]);
  return (
    <label>
      <span>{name} begins with</span>
      <input
        type="search"
        inputMode="numeric"
        value={typed}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value.trim())}
      />
    </label>
  );
}

function Segments() {
  const segment = usePlace().query.get('segment') ?? '';
  const { answer } = useAnswer<OverviewAnswer>('/api/overview');
  const known = new Set([
    ...(answer?.segments.map((item) => item.segment) ?? []),
    ...(segment ? [segment] : []),
  ]);
  return (
    <label>
      <span>segment</span>
      <select
        value={segment}
        onChange={(event) => setQuery({ segment: event.target.value || null, offset: null })}
      >
        <option value="">all</option>
        {[...known].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

interface TableProps {
  readonly dataset: DatasetAnswer;
  readonly answer: EntitiesAnswer;
  readonly stale: boolean;
}

function Table({ dataset, answer, stale }: TableProps) {
  const names = Object.keys(answer.entities[0] ?? {});
  const columns = columnsInOrder(dataset, names);
  const types = new Map(dataset.profileColumns.map(({ name, type }) => [name, type]));
  const { column, order } = answer.sort;
  const sortBy = (name: string) =>
    setQuery({ sort: name, order: column === name && order === 'desc' ? 'asc' : 'desc', offset: null });
  return (
    <section
      className={stale ? 'table whole stale' : 'table whole'}
      aria-label={`${capitalized(dataset.entity.plural)}, scrolls in both directions`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard
      tabIndex={0}
    >
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th
                key={name}
                scope="col"
                className={name !== dataset.key && isNumeric(types.get(name)) ? 'number' : ''}
                aria-sort={column === name ? (order === 'asc' ? 'ascending' : 'descending') : undefined}
              >
                <button type="button" onClick={() => sortBy(name)}>
                  {heading(dataset, name)}
                  {column === name && <span aria-hidden="true">{order === 'asc' ? ' ↑' : ' ↓'}</span>}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.entities.map((entity) => {
            const id = String(entity[dataset.key]);
            return (
              <tr key={id}>
                <th scope="row">
                  <Link href={`/entities/${encodeURIComponent(id)}`}>{id}</Link>
                </th>
                {columns.slice(1).map((name) => (
                  <td key={name} className={isNumeric(types.get(name)) ? 'number' : ''}>
                    {cellText(entity[name], types.get(name))}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
