import { DayInput } from '../app/day-input.tsx';
import { setQuery } from '../app/route.tsx';
import { DAY, dayAt, midnight } from '../charts/day-ticks.ts';
import { rangeProblem } from './date-range.ts';

/** Lengths in days that one click chooses, up to the newest day of the data. */
const PRESETS = [1, 7, 30];

interface DayInputsProps {
  readonly from: string | null;
  readonly to: string | null;
  /** The days of the first and the last event, once they are known. */
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/**
 * The first and the last day to look at, typed in ISO 8601 or picked, with what is wrong about them beside
 * them.
 */
export function DayInputs({ from, to, first, last }: DayInputsProps) {
  const problem = rangeProblem(from, to);
  return (
    <fieldset className="days" aria-describedby={problem ? 'days-problem' : undefined}>
      <legend className="hidden">Days</legend>
      <DayInput
        name="from"
        value={from}
        min={first}
        max={last}
        isWrong={problem !== null}
        onChoose={(day) => setQuery({ from: day })}
      />
      <DayInput
        name="to"
        value={to}
        min={first}
        max={last}
        isWrong={problem !== null}
        onChoose={(day) => setQuery({ to: day })}
      />
      {last !== undefined && (
        <div className="presets">
          {PRESETS.map((days) => {
            const begin = dayAt(midnight(last) - (days - 1) * DAY);
            return (
              <button
                key={days}
                type="button"
                className="plain"
                aria-pressed={from === begin && to === last}
                onClick={() => setQuery({ from: begin, to: last })}
              >
                {days === 1 ? 'Last day' : `Last ${days} days`}
              </button>
            );
          })}
        </div>
      )}
      {problem && (
        <p id="days-problem" className="days-problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}
