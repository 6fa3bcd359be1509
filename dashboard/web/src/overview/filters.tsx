import { useState } from 'react';
import type { DatasetAnswer, OverviewAnswer, ValuesAnswer } from '../../../api.ts';
import { useAnswer } from '../api/use-answer.ts';
import { CopyLink } from '../app/copy-link.tsx';
import { setQuery } from '../app/route.tsx';
import { DayInputs } from './day-inputs.tsx';

/** What the overview is filtered by; the names are those of the address and of the API. */
export const FILTERS = ['from', 'to', 'category', 'brand', 'segment'] as const;
export type Filter = Record<(typeof FILTERS)[number], string | null>;

/** The filter that the address holds. */
export function filterOf(query: URLSearchParams): Filter {
  const of = (name: string) => query.get(name);
  return {
    from: of('from'),
    to: of('to'),
    category: of('category'),
    brand: of('brand'),
    segment: of('segment'),
  };
}

interface FiltersProps {
  readonly dataset: DatasetAnswer;
  readonly filter: Filter;
  /** The overview without a filter, which says what there is to choose from. */
  readonly whole: OverviewAnswer | null;
  /** Changes when there are new values to choose from. */
  readonly turn: string;
}

/** The choices above the panels, and what is chosen as chips that can be taken away. */
export function Filters({ dataset: { overview: roles }, filter, whole, turn }: FiltersProps) {
  const [first, last] = [whole?.first?.slice(0, 10), whole?.last?.slice(0, 10)];
  const chosen = FILTERS.filter((name) => filter[name] !== null);
  return (
    <div className="filters">
      <form aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
        <DayInputs from={filter.from} to={filter.to} first={first} last={last} />
        {roles?.category && (
          <Value name="category" url="/api/overview/categories?limit=200" filter={filter} turn={turn} />
        )}
        {roles?.brand && (
          <Value name="brand" url="/api/overview/brands?limit=200" filter={filter} turn={turn} />
        )}
        {roles?.segment && (
          <label>
            <span>segment</span>
            <select
              value={filter.segment ?? ''}
              onChange={(event) => setQuery({ segment: event.target.value || null })}
            >
              <option value="">all</option>
              {[
                ...new Set([
                  ...(whole?.segments.map((s) => s.segment) ?? []),
                  ...(filter.segment ? [filter.segment] : []),
                ]),
              ].map((segment) => (
                <option key={segment}>{segment}</option>
              ))}
            </select>
          </label>
        )}
      </form>
      {chosen.length > 0 && (
        <ul className="chips" aria-label="Chosen filters">
          {chosen.map((name) => (
            <li key={name}>
              <button type="button" onClick={() => setQuery({ [name]: null })}>
                {name} {filter[name] || 'none'} <span aria-hidden="true">×</span>
                <span className="hidden">, remove this filter</span>
              </button>
            </li>
          ))}
          <li>
            <button
              type="button"
              className="plain"
              onClick={() => setQuery(Object.fromEntries(FILTERS.map((name) => [name, null])))}
            >
              Clear all
            </button>
          </li>
          <li>
            <CopyLink />
          </li>
        </ul>
      )}
    </div>
  );
}

interface ValueProps {
  readonly name: 'category' | 'brand';
  readonly url: string;
  readonly filter: Filter;
  readonly turn: string;
}

function Value({ name, url, filter, turn }: ValueProps) {
  // What there is to choose from is asked for once somebody is about to choose.
  const [isWanted, setWanted] = useState(false);
  const { answer } = useAnswer<ValuesAnswer>(isWanted ? url : null, turn);
  const list = `all-${name}`;
  return (
    <label>
      <span>{name}</span>
      <input
        key={filter[name] ?? ''}
        list={list}
        defaultValue={filter[name] ?? ''}
        placeholder={filter[name] === '' ? 'none' : 'all'}
        autoComplete="off"
        onFocus={() => setWanted(true)}
        onBlur={(event) =>
          event.target.value !== (filter[name] ?? '') && setQuery({ [name]: event.target.value || null })
        }
        onKeyDown={(event) =>
          event.key === 'Enter' && setQuery({ [name]: event.currentTarget.value || null })
        }
      />
      <datalist id={list}>
        {answer?.items.map(({ value }) => value !== null && <option key={value} value={value} />)}
      </datalist>
    </label>
  );
}
