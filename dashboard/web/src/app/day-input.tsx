import { useEffect, useRef, useState } from 'react';
import { isDay } from '../charts/day-ticks.ts';

interface DayInputProps {
  readonly name: string;
  readonly value: string | null;
  readonly min: string | undefined;
  readonly max: string | undefined;
  readonly isWrong: boolean;
  /** Null when the input was emptied. */
  onChoose(day: string | null): void;
}

/**
 * A day, typed in ISO 8601 or picked. A text, as the browser's own input for a day writes it in the order of
 * the browser's language.
 */
export function DayInput({ name, value, min, max, isWrong, onChoose }: DayInputProps) {
  const [typed, setTyped] = useState(value ?? '');
  useEffect(() => setTyped(value ?? ''), [value]);
  const picker = useRef<HTMLInputElement>(null);
  const choose = (text: string) => {
    if (text !== (value ?? '')) onChoose(text || null);
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
