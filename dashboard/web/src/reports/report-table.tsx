import type { ReportAnswer } from '../../../api.ts';
import { cellText } from '../app/cells.ts';
import { grouped, words } from '../app/format.ts';

/** Rows that are shown; the file has all. */
const MOST_ROWS = 200;

interface ReportTableProps {
  readonly title: string;
  readonly answer: ReportAnswer;
  /** The column whose numbers have bars. */
  readonly bars?: string | undefined;
}

/** The rows of a report. */
export function ReportTable({ title, answer: { columns, rows }, bars }: ReportTableProps) {
  const shown = rows.slice(0, MOST_ROWS).map((row, i) => ({ row, place: `row-${i}` }));
  const values = bars === undefined ? [] : rows.map((row) => Number(row[bars] ?? 0));
  const most = Math.max(1, ...values);
  const isNumber = (name: string) => rows.some((row) => typeof row[name] === 'number');
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard */}
      <section className="table report-rows" aria-label={`Rows of ${title}`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name} scope="col" className={isNumber(name) ? 'number' : ''}>
                  {words(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ row, place }, i) => (
              <tr key={place}>
                {columns.map((name) => (
                  <td key={name} className={isNumber(name) ? 'number' : ''}>
                    {name === bars ? (
                      <span className="bar-cell">
                        <span className="track" aria-hidden="true">
                          <span className="fill" style={{ width: `${(100 * (values[i] ?? 0)) / most}%` }} />
                        </span>
                        <span style={{ minWidth: `${grouped(most).length}ch` }}>
                          {cellText(row[name], undefined)}
                        </span>
                      </span>
                    ) : (
                      cellText(row[name], undefined)
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > MOST_ROWS && (
        <p className="hint">
          The first {grouped(MOST_ROWS)} of {grouped(rows.length)} rows; the file has all.
        </p>
      )}
    </>
  );
}
