import type { SqlAnswer } from '../../../api.ts';
import { isSqlNumber, sqlText } from '../app/cells.ts';

/** Rows as the database gave them. */
export function SqlResult({ answer: { columns, rows } }: { answer: SqlAnswer }) {
  // Rows and columns of a result have nothing of their own to be told apart by but their places.
  const headings = columns.map((column, i) => ({ ...column, place: `column-${i}` }));
  const numbered = rows.map((row, i) => ({
    place: `row-${i}`,
    cells: row.map((value, j) => ({
      place: `cell-${j}`,
      text: sqlText(value, columns[j] ?? { name: '', type: '' }),
      isNumber: isSqlNumber(columns[j]?.type),
    })),
  }));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard
    <section className="table" aria-label="Result, scrolls sideways" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {headings.map(({ place, name, type }) => (
              <th key={place} scope="col" title={type} className={isSqlNumber(type) ? 'number' : ''}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {numbered.map(({ place, cells }) => (
            <tr key={place}>
              {cells.map((cell) => (
                <td key={cell.place} className={cell.isNumber ? 'number' : ''}>
                  {cell.text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
