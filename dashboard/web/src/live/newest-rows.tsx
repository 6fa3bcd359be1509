import type { Cell, DatasetAnswer, LiveSeriesAnswer } from '../../../api.ts';
import { cellText, isNumeric } from '../app/cells.ts';
import { grouped, words } from '../app/format.ts';
import { mostDecimals } from './groups.ts';

/** The newest rows of the file, the last one first. */
export function NewestRows({
  columns,
  rows,
}: Pick<DatasetAnswer, 'columns'> & Pick<LiveSeriesAnswer, 'rows'>) {
  const decimals = new Map(columns.map(({ name }) => [name, mostDecimals(rows.map((row) => row[name]))]));
  return (
    <section className="panel wide" aria-labelledby="newest">
      <h2 id="newest">Newest readings</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls must take the keyboard */}
      <section className="table" aria-label="Table of the newest readings" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map(({ name, type }) => (
                <th key={name} scope="col" className={isNumeric(type) ? 'number' : ''}>
                  {words(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...rows].reverse().map((row) => (
              <tr
                key={`${row.log_partition}/${row.log_offset}`}
                data-row={`${row.log_partition}/${row.log_offset}`}
              >
                {columns.map(({ name, type }) => (
                  <td key={name} className={isNumeric(type) ? 'number' : ''}>
                    {text(row[name], type, decimals.get(name) ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

/** Measured values with all their digits, which `cellText` would cut. */
function text(cell: Cell | undefined, type: string, decimals: number): string {
  return typeof cell === 'number' ? grouped(cell.toFixed(decimals)) : cellText(cell, type);
}
