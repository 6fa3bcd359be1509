import type { DatasetAnswer } from '../../../api.ts';
import { words } from '../app/format.ts';
import { setQuery } from '../app/route.tsx';

/** What is shown, as the address says. */
export interface Choice {
  readonly window: string;
  readonly by: string;
  readonly value: string;
  /** Seconds from one question to the next. */
  readonly every: string;
}

type Live = NonNullable<DatasetAnswer['live']>;

const WINDOWS = ['1m', '5m', '15m', '1h', '6h'];
const EVERY = ['1', '2', '5', '10', '30'];

/** The choice that the address holds; what it does not hold, or what does not exist, is the default. */
export function choiceOf(query: URLSearchParams, { by, values }: Live): Choice {
  const of = (name: string, known: readonly string[], preset = known[0] ?? '') => {
    const given = query.get(name) ?? preset;
    return known.includes(given) ? given : preset;
  };
  return {
    window: of('window', WINDOWS, '15m'),
    by: of('by', by),
    value: of('value', values),
    every: of('every', EVERY, '2'),
  };
}

interface ControlsProps {
  readonly live: Live;
  readonly choice: Choice;
  readonly isPaused: boolean;
  onPause(isPaused: boolean): void;
}

/** The choices above the charts. */
export function Controls({ live, choice, isPaused, onPause }: ControlsProps) {
  const { window, by, value, every } = choice;
  return (
    <div className="filters">
      <form aria-label="What is shown" onSubmit={(event) => event.preventDefault()}>
        <Select name="value" chosen={value} options={live.values} text={words} />
        <Select name="by" label="grouped by" chosen={by} options={live.by} text={words} />
        <Select name="window" chosen={window} options={WINDOWS} />
        <Select
          name="every"
          label="update every"
          chosen={every}
          options={EVERY}
          text={(seconds) => `${seconds} s`}
        />
        <button type="button" className="pause" aria-pressed={isPaused} onClick={() => onPause(!isPaused)}>
          {isPaused ? 'Resume' : 'Pause'}
        </button>
      </form>
    </div>
  );
}

interface SelectProps {
  readonly name: keyof Choice;
  readonly label?: string;
  readonly chosen: string;
  readonly options: readonly string[];
  text?(option: string): string;
}

function Select({ name, label = name, chosen, options, text = (option) => option }: SelectProps) {
  return (
    <label>
      <span>{label}</span>
      <select
        value={chosen}
        onChange={(event) => setQuery({ [name]: event.target.value }, { replace: true })}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {text(option)}
          </option>
        ))}
      </select>
    </label>
  );
}
