import type { ReportAnswer, ReportsAnswer } from '../../../api.ts';
import { withQuery } from '../api/ask.ts';
import { BASE } from '../api/base.ts';
import { useTableVersions } from '../api/live.ts';
import { useAnswer } from '../api/use-answer.ts';
import { CopyLink } from '../app/copy-link.tsx';
import { DayInput } from '../app/day-input.tsx';
import { EmptyLake, isLakeMissing } from '../app/empty-lake.tsx';
import { capitalized, words } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';
import { ProblemNote } from '../app/problem-note.tsx';
import { setQuery, usePlace } from '../app/route.tsx';
import { isDay } from '../charts/day-ticks.ts';
import { hasColumns, ReportChart } from './report-chart.tsx';
import { ReportTable } from './report-table.tsx';

/** The reports of the dataset's folder, all of one day. */
export function ReportsView() {
  const turn = useTableVersions();
  const { answer, problem, again } = useAnswer<ReportsAnswer>('/api/reports', turn);
  const chosen = usePlace().query.get('date');
  const isWrong = chosen !== null && !isDay(chosen);
  const date = chosen ?? answer?.days.newest ?? null;
  return (
    <>
      <h1>Reports</h1>
      {isLakeMissing(problem) ? <EmptyLake /> : problem && <ProblemNote problem={problem} again={again} />}
      {answer && (
        <>
          <p className="hint">
            Days and hours are UTC. There are facts from {answer.days.first} to {answer.days.newest}.
          </p>
          <div className="filters">
            <form aria-label="Day of the reports" onSubmit={(event) => event.preventDefault()}>
              <DayInput
                name="date"
                value={date}
                min={answer.days.first}
                max={answer.days.newest}
                isWrong={isWrong}
                onChoose={(day) => setQuery({ date: day })}
              />
              <div className="presets">
                <button
                  type="button"
                  className="plain"
                  aria-pressed={date === answer.days.newest}
                  onClick={() => setQuery({ date: null })}
                >
                  Newest day
                </button>
                <CopyLink />
              </div>
            </form>
          </div>
          {isWrong && (
            <p className="days-problem" role="alert">
              “date” must be a day such as 2020-09-24, and is “{chosen}”.
            </p>
          )}
          {date !== null && !isWrong && (
            <div className="panels">
              {answer.reports.map((report) => (
                <Report key={report.name} report={report} date={date} turn={turn} />
              ))}
            </div>
          )}
        </>
      )}
    </>
  );
}

interface ReportProps {
  readonly report: ReportsAnswer['reports'][number];
  readonly date: string;
  readonly turn: string;
}

function Report({ report: { name, title, chart }, date, turn }: ReportProps) {
  const path = `/api/reports/${encodeURIComponent(name)}`;
  const loaded = useAnswer<ReportAnswer>(withQuery(path, { date }), turn);
  const heading = capitalized(words(name));
  return (
    <Panel title={heading} hint={title} loaded={loaded} lines={10}>
      {(answer) =>
        answer.rows.length === 0 ? (
          <p className="empty">Nothing on this day.</p>
        ) : (
          <>
            {chart && hasColumns(chart, answer.rows) ? (
              <>
                <ReportChart chart={chart} rows={answer.rows} />
                <ReportTable title={heading} answer={answer} />
              </>
            ) : (
              <ReportTable title={heading} answer={answer} bars={chart?.value} />
            )}
            <p className="actions">
              <a
                href={BASE + withQuery(`${path}/csv`, { date })}
                download
                aria-label={`Download CSV: ${heading}`}
              >
                Download CSV
              </a>
              <span className="hint">{answer.on === 'lake' ? 'from the lake' : 'from PostgreSQL'}</span>
            </p>
          </>
        )
      }
    </Panel>
  );
}
