import type { ReportAnswer } from '../../../api.ts';
import { cellText } from '../app/cells.ts';
import { grouped, words } from '../app/format.ts';

/** Rows that are shown; the file has all. */
const MOST_ROWS = 200;

/** The rows of a report. */
export function ReportTable({ title, answer: { columns, rows } }: { title: string; answer: ReportAnswer }) {
  const shown = rows.slice(0, MOST_ROWS).map((row, i) => ({ row, place: `row-${i}` }));
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
            {shown.map(({ row, place }) => (
              <tr key={place}>
                {columns.map((name) => (
                  <td key={name} className={isNumber(name) ? 'number' : ''}>
                    {cellText(row[name], undefined)}
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
