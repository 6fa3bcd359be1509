import type { LiveSeriesAnswer } from '../../../api.ts';
import { grouped, time } from '../app/format.ts';
import { colourOf, mostDecimals, numberOf } from './groups.ts';

interface GaugesProps {
  readonly series: LiveSeriesAnswer;
  readonly value: string;
  readonly timeColumn: string;
  readonly hidden: ReadonlySet<string>;
  onToggle(group: string): void;
}

/** The arc of a half circle with this radius around (50, 50). */
const RADIUS = 40;
const LENGTH = Math.PI * RADIUS;
const ARC = `M${50 - RADIUS} 50 A${RADIUS} ${RADIUS} 0 0 1 ${50 + RADIUS} 50`;

/**
 * The latest reading of each group between the least and the most of the window; a click hides or shows the
 * group's line.
 */
export function Gauges({ series: { groups }, value, timeColumn, hidden, onToggle }: GaugesProps) {
  const latest = groups.map(({ latest: row }) => numberOf(row[value]));
  const decimals = mostDecimals(latest);
  const text = (reading: number) => grouped(reading.toFixed(decimals));
  const all = [...latest, ...groups.flatMap(({ means }) => means)].filter((n) => n !== null);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  return (
    <ul className="gauges">
      {groups.map(({ group, latest: row }, i) => {
        const reading = latest[i] ?? null;
        const share = reading === null || most === least ? 0 : (reading - least) / (most - least);
        return (
          <li key={group}>
            <button
              type="button"
              aria-pressed={!hidden.has(group)}
              data-gauge={group}
              title={`${group}: measured ${time(String(row[timeColumn]))}; between ${text(least)} and ${text(most)} in the window`}
              onClick={() => onToggle(group)}
            >
              <svg viewBox="4 6 92 48" aria-hidden="true">
                <path d={ARC} className="gauge-track" />
                <path
                  d={ARC}
                  style={{ stroke: `var(${colourOf(i)})`, strokeDasharray: `${share * LENGTH} ${LENGTH}` }}
                />
              </svg>
              <span className="gauge-value">{reading === null ? '–' : text(reading)}</span>
              <span className="gauge-name">{group}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
