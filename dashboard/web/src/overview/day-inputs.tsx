import { useEffect, useRef, useState } from 'react';
import { setQuery } from '../app/route.tsx';
import { DAY, dayAt, midnight } from '../charts/day-ticks.ts';
import { isDay, rangeProblem } from './date-range.ts';

/** Lengths in days that one click chooses, up to the newest day of the data. */
const PRESETS = [1, 7, 30];

interface DayInputsProps {
  readonly from: string | null;
  readonly to: string | null;
  /** The days of the first and the last event, once they are known. */
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/** The first and the last day to look at, typed in ISO 8601 or picked, with what is wrong about them beside them. */
export function DayInputs({ from, to, first, last }: DayInputsProps) {
  const problem = rangeProblem(from, to);
  return (
    <fieldset className="days" aria-describedby={problem ? 'days-problem' : undefined}>
      <legend className="hidden">Days</legend>
      <Day name="from" value={from} min={first} max={last} isWrong={problem !== null} />
      <Day name="to" value={to} min={first} max={last} isWrong={problem !== null} />
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

interface DayProps {
  readonly name: 'from' | 'to';
  readonly value: string | null;
  readonly min: string | undefined;
  readonly max: string | undefined;
  readonly isWrong: boolean;
}

/** A text, as the browser's own input for a day writes it in the order of the browser's language. */
function Day({ name, value, min, max, isWrong }: DayProps) {
  const [typed, setTyped] = useState(value ?? '');
  useEffect(() => setTyped(value ?? ''), [value]);
  const picker = useRef<HTMLInputElement>(null);
  const choose = (text: string) => {
    if (text !== (value ?? '')) setQuery({ [name]: text || null });
  };
  return (
    <div className="day">
      <label>
        <span>{name}</span>
        <input
          value={typed}
          placeholder="YYYY-MM-DD"
          inputMode="numeric"
          autoComplete="off"
          maxLength={10}
          aria-invalid={isWrong}
          onChange={({ target }) => {
            setTyped(target.value);
            if (target.value === '' || isDay(target.value)) choose(target.value);
          }}
          onBlur={() => choose(typed)}
          onKeyDown={(event) => event.key === 'Enter' && choose(typed)}
        />
      </label>
      <button type="button" aria-label={`Pick “${name}”`} onClick={() => picker.current?.showPicker()}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3" />
        </svg>
      </button>
      <input
        ref={picker}
        type="date"
        className="picker"
        tabIndex={-1}
        aria-hidden="true"
        value={isDay(value ?? '') ? (value ?? '') : ''}
        min={min}
        max={max}
        onChange={({ target }) => choose(target.value)}
      />
    </div>
  );
}
