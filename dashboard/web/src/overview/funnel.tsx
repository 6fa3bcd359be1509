import type { OverviewAnswer } from '../../../api.ts';
import type { Loaded } from '../api/use-answer.ts';
import { capitalized, grouped, share, words } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';
import { Bars } from '../charts/bars.tsx';
import { colourOf } from './colours.ts';

/** How many entities come from one step to the next. */
export function Funnel({ entities, loaded }: { entities: string; loaded: Loaded<OverviewAnswer> }) {
  return (
    <Panel
      title="Conversion"
      hint={`${capitalized(entities)} who reached each step, and their share of those of the first`}
      loaded={loaded}
    >
      {({ funnel }) => {
        const steps = funnel.map(({ step }) => step);
        return (
          <>
            <Bars
              unit={entities}
              bars={funnel.map(({ step, entities: reached, events }, i) => ({
                label: words(step),
                colour: colourOf(step, steps, i),
                value: reached,
                note: share(reached, funnel[0]?.entities ?? 0),
                detail: `${grouped(events)} events`,
              }))}
            />
            <p className="hint">
              {funnel.map(({ step, events }) => `${grouped(events)} ${words(step)} events`).join(' · ')}
            </p>
          </>
        );
      }}
    </Panel>
  );
}
