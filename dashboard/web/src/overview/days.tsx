import { useMemo } from 'react';
import type { DaysAnswer } from '../../../api.ts';
import { withQuery } from '../api/ask.ts';
import { useAnswer } from '../api/use-answer.ts';
import { grouped, words } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';
import { setQuery } from '../app/route.tsx';
import { midnight } from '../charts/day-ticks.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { colourOf } from './colours.ts';
import type { Filter } from './filters.tsx';

interface DaysProps {
  readonly filter: Filter;
  readonly turn: string;
  /** The types of events that are steps to a purchase. */
  readonly funnel: readonly string[];
}

/**
 * Events by day, a chart for each type: views are so many more that nothing else would be seen beside them.
 */
export function Days({ filter, turn, funnel }: DaysProps) {
  const loaded = useAnswer<DaysAnswer>(withQuery('/api/overview/days', filter), turn);
  const series = useMemo(() => {
    const { types = [], days = [] } = loaded.answer ?? {};
    const at = days.map(({ day }) => midnight(day));
    return types
      .map((type, i) => ({
        type,
        colour: colourOf(type, funnel, i),
        at,
        values: days.map(({ counts }) => counts[i] ?? 0),
      }))
      .map((one) => ({ ...one, sum: one.values.reduce((a, b) => a + b, 0) }))
      .filter(({ sum }) => sum > 0);
  }, [loaded.answer, funnel]);
  const range = useMemo(() => {
    const days = loaded.answer?.days ?? [];
    return [
      midnight(filter.from ?? days[0]?.day ?? ''),
      midnight(filter.to ?? days.at(-1)?.day ?? ''),
    ] as const;
  }, [loaded.answer, filter.from, filter.to]);
  return (
    <Panel
      title="Events by day"
      hint="Distinct events: exact duplicates are counted once. Drag over days to look at these alone. On the keyboard: arrow keys, with Shift over several days, then Enter."
      loaded={loaded}
      lines={9}
      wide
    >
      {() =>
        series.length === 0 ? (
          <p className="empty">Nothing to show.</p>
        ) : (
          series.map(({ type, colour, at, values, sum }) => (
            <figure key={type}>
              <figcaption>
                <span className={`dot series-${colour}`} aria-hidden="true" />
                {words(type)} <span className="hint">{grouped(sum)}</span>
              </figcaption>
              <LineChart
                label={words(type)}
                colour={colour}
                days={at}
                values={values}
                range={range}
                together="days"
                onRange={(from, to) => setQuery({ from, to })}
              />
            </figure>
          ))
        )
      }
    </Panel>
  );
}
