import type { RejectedAnswer } from '../../../api.ts';
import { withQuery } from '../api/ask.ts';
import { useAnswer } from '../api/use-answer.ts';
import { grouped } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';
import { setQuery, usePlace } from '../app/route.tsx';
import { Bars } from '../charts/bars.tsx';

/** What was rejected, by reason; a click on a reason shows examples of it. */
export function Rejected({ turn }: { turn: string }) {
  const reason = usePlace().query.get('reason');
  const all = useAnswer<RejectedAnswer>('/api/rejected?limit=5', turn);
  const of = useAnswer<RejectedAnswer>(withQuery('/api/rejected', { limit: '5', reason }), turn);
  return (
    <Panel title="Rejected" hint="Rows by reason; nothing is dropped" loaded={all}>
      {({ total, reasons }) =>
        total === 0 ? (
          <p className="empty">Nothing was rejected.</p>
        ) : (
          <>
            <p>{grouped(total)} in all</p>
            <Bars
              unit="rows"
              chosen={reason}
              onChoose={(chosen) => setQuery({ reason: chosen })}
              bars={reasons.map((item) => ({
                label: item.reason,
                value: item.rows,
                filter: item.reason,
                colour: 'bad',
              }))}
            />
            <h3>{reason ? `Newest examples of ${reason}` : 'Newest examples'}</h3>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must take the keyboard */}
            <ul className="examples" aria-label="Examples" tabIndex={0}>
              {of.answer?.examples.map((example) => (
                <li key={`${example.log_partition}/${example.log_offset}/${example.reason}`}>
                  <span className="hint">
                    {example.reason}
                    {example.source_file === null
                      ? `, partition ${example.log_partition}, offset ${example.log_offset}`
                      : `, ${example.source_file}, line ${example.source_line}`}
                  </span>
                  <code>{String(example.payload ?? example.detail ?? '')}</code>
                </li>
              ))}
            </ul>
          </>
        )
      }
    </Panel>
  );
}
