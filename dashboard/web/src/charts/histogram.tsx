import { grouped } from '../app/format.ts';

/** A column of a histogram; `values` has one number for each of its parts, from the ground up. */
export interface Column {
  readonly label: string;
  /** What stands below the column where the label is too long for that. */
  readonly short?: string;
  readonly values: readonly number[];
}

interface HistogramProps {
  readonly columns: readonly Column[];
  readonly unit: string;
  /** What the parts of each column are, where it has several. */
  readonly parts?: readonly string[];
}

/** The parts of a column that have a colour of their own; the one after them is for the rest. */
export const COLOURS = 4;
/** More columns than this have upright numbers above them, and a label below each third only. */
const FEW = 16;
/** More than these have no numbers: there is no room for them on a phone. */
const MANY = 24;

/**
 * Counts in an order that means something, such as amounts or hours: upright columns from left to right. A
 * list, for screen readers.
 */
export function Histogram({ columns, unit, parts = [] }: HistogramProps) {
  const sums = columns.map(({ values }) => values.reduce((a, b) => a + b, 0));
  const most = Math.max(1, ...sums);
  const hasFew = columns.length <= FEW;
  const room = hasFew ? 'few' : columns.length <= MANY ? 'many' : 'dense';
  if (columns.length === 0) return <p className="empty">Nothing to show.</p>;
  return (
    <>
      {parts.length > 1 && (
        <ul className="legend" aria-hidden="true">
          {parts.map((part, i) => (
            <li key={part}>
              <span className={`dot ${colourOf(i)}`} />
              {part}
            </li>
          ))}
        </ul>
      )}
      <ol className={`histogram ${room}`}>
        {columns.map(({ label, short = label, values }, i) => {
          const told = parts.flatMap((part, j) => (values[j] ? [`${part} ${grouped(values[j])}`] : []));
          const sum = sums[i] ?? 0;
          return (
            <li
              key={label}
              title={[`${label}: ${grouped(sum)} ${unit}`, ...(parts.length > 1 ? told : [])].join('\n')}
            >
              <span className="label hidden">{label}</span>
              <span className="value">
                {grouped(sum)}
                <span className="hidden"> {unit}</span>
              </span>
              <span className="column" aria-hidden="true">
                {values.map((value, j) => (
                  <span
                    key={parts[j] ?? 'all'}
                    className={colourOf(j)}
                    style={{ height: `${(100 * value) / most}%` }}
                  />
                ))}
              </span>
              <span className="tick" aria-hidden="true">
                {hasFew || i % 3 === 0 ? short : '\u00a0'}
              </span>
            </li>
          );
        })}
      </ol>
    </>
  );
}

function colourOf(part: number): string {
  return part < COLOURS ? `series-${part}` : 'series-rest';
}
