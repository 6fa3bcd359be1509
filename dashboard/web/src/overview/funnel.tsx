import type { OverviewAnswer } from '../../../api.ts';
import type { Loaded } from '../api/use-answer.ts';
import { capitalized, grouped, share, words } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';
import { Bars } from '../charts/bars.tsx';

/** How many entities come from one step to the next. */
export function Funnel({ entities, loaded }: { entities: string; loaded: Loaded<OverviewAnswer> }) {
  return (
    <Panel
      title="Conversion"
      hint={`${capitalized(entities)} who came to each step, and how many of the first step's`}
      loaded={loaded}
    >
      {({ funnel }) => (
        <>
          <Bars
            unit={entities}
            bars={funnel.map(({ step, customers, events }) => ({
              label: words(step),
              value: customers,
              note: share(customers, funnel[0]?.customers ?? 0),
              detail: `${grouped(events)} events`,
            }))}
          />
          <p className="hint">
            {funnel.map(({ step, events }) => `${grouped(events)} ${words(step)} events`).join(' · ')}
          </p>
        </>
      )}
    </Panel>
  );
}
