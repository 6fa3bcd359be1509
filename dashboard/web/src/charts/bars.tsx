import { Breakable } from '../app/breakable.tsx';
import { grouped } from '../app/format.ts';

/** One bar. `filter` is what a click on it filters by; without it the bar is only looked at. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly note?: string;
  readonly filter?: string;
  readonly detail?: string;
  /** Number of its colour in the theme's palette, or `bad` for what went wrong. */
  readonly colour?: number | 'bad';
}

interface BarsProps {
  readonly bars: readonly Bar[];
  readonly unit: string;
  readonly chosen?: string | null;
  onChoose?(filter: string | null): void;
}

/**
 * Horizontal bars as a list of buttons: they take the keyboard, and a screen reader reads them as what they
 * are.
 */
export function Bars({ bars, unit, chosen = null, onChoose }: BarsProps) {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  if (bars.length === 0) return <p className="empty">Nothing to show.</p>;
  return (
    <ul className={chosen === null ? 'bars' : 'bars has-choice'}>
      {bars.map((bar) => {
        const { label, value, note, filter, detail, colour } = bar;
        const inside = (
          <>
            <span className="label">
              <Breakable text={label} />
            </span>
            <span className="track" aria-hidden="true">
              <span
                className={colour === undefined ? 'fill' : `fill series-${colour}`}
                style={{ width: `${Math.max(value > 0 ? 0.6 : 0, (100 * value) / most)}%` }}
              />
            </span>
            <span className="value">
              {grouped(value)}
              <span className="hidden"> {unit}</span>
              {note && <span className="bar-note"> {note}</span>}
            </span>
          </>
        );
        return (
          <li key={label} title={detail ? `${label}: ${detail}` : label}>
            {onChoose && filter !== undefined ? (
              <button
                type="button"
                aria-pressed={chosen === filter}
                onClick={() => onChoose(chosen === filter ? null : filter)}
              >
                {inside}
              </button>
            ) : (
              <div className="bar">{inside}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
