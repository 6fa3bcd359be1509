import { useState } from 'react';
import type { DatasetAnswer } from '../../../api.ts';
import { withQuery } from '../api/ask.ts';
import { capitalized, words } from '../app/format.ts';
import { ProblemNote } from '../app/problem-note.tsx';
import { usePlace } from '../app/route.tsx';
import { useNarrow } from '../app/use-narrow.ts';
import { Arrival } from './arrival.tsx';
import { Controls, choiceOf } from './controls.tsx';
import { Gauges } from './gauges.tsx';
import { GroupChart } from './group-chart.tsx';
import { NewestRows } from './newest-rows.tsx';
import { SmallCharts } from './small-charts.tsx';
import { useSeries } from './use-series.ts';

const ROWS = '20';
/** More lines than this cannot be told apart on a phone. */
const FEW_LINES = 4;

/** The readings as they come: lines over a moving window, the latest of each group, and the newest rows. */
export function LiveView({ dataset }: { dataset: DatasetAnswer }) {
  const { live, columns, name, time } = dataset;
  const { query } = usePlace();
  const isNarrow = useNarrow();
  const [isPaused, setPaused] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const choice = choiceOf(query, live ?? { by: [], values: [] });
  const { window, by, value, every } = choice;
  const url = withQuery('/api/live/series', { window, by, value, rows: ROWS });
  const { answer, of, at, problem } = useSeries(url, Number(every), isPaused);
  const toggle = (group: string) =>
    setHidden((before) => {
      const after = new Set(before);
      if (!after.delete(group)) after.add(group);
      return after;
    });
  if (!live)
    return (
      <>
        <h1>Live</h1>
        <p className="note">The dataset {name} has no live readings.</p>
      </>
    );
  return (
    <>
      <h1>Live</h1>
      {dataset.description && <p className="hint">{dataset.description}</p>}
      <Controls live={live} choice={choice} isPaused={isPaused} onPause={setPaused} />
      {problem && (
        <ProblemNote
          problem={{
            ...problem,
            hint: 'What is shown is as of the last answer. The page asks again by itself.',
          }}
        />
      )}
      {answer && <Arrival answer={answer} at={at} isPaused={isPaused} />}
      {answer && answer.groups.length === 0 && (
        <p className="note">
          No reading has been exported yet. Run: <code>eventlake export {name} --follow</code>
        </p>
      )}
      {answer && answer.groups.length > 0 && (
        <div className={of === url ? 'panels' : 'panels stale'}>
          <section className="panel wide" aria-labelledby="lines">
            <h2 id="lines">
              {capitalized(words(value))} by {words(by)}
            </h2>
            {isNarrow && answer.groups.length > FEW_LINES ? (
              <SmallCharts series={answer} value={value} />
            ) : (
              <>
                <GroupChart series={answer} value={value} hidden={hidden} />
                <h3>Latest reading</h3>
                <Gauges series={answer} value={value} timeColumn={time} hidden={hidden} onToggle={toggle} />
              </>
            )}
          </section>
          <NewestRows columns={columns} rows={answer.rows} />
        </div>
      )}
    </>
  );
}
