import type { LiveSeriesAnswer } from '../../../api.ts';
import { grouped } from '../app/format.ts';

interface ArrivalProps {
  readonly answer: LiveSeriesAnswer;
  /** The server's time, in milliseconds since the epoch. */
  readonly at: number;
  readonly isPaused: boolean;
}

/** How fast readings come, and how late they are. */
export function Arrival({ answer: { perSecond, lag, newest, groups }, at, isPaused }: ArrivalProps) {
  const readings = groups.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
  const age = newest === null ? null : Math.max(0, Math.round((at - Date.parse(newest)) / 1000));
  const tiles = [
    {
      name: 'rate',
      value: perSecond === null ? '–' : `${grouped(perSecond)} /s`,
      note: 'readings into the file',
    },
    {
      name: 'lag',
      value: lag.rows === null ? '–' : grouped(lag.rows),
      note: 'events of the log that are not in the file',
    },
    {
      name: 'delay',
      value: lag.seconds === null ? '–' : `${grouped(lag.seconds.toFixed(1))} s`,
      note: 'from measurement into the file',
    },
    {
      name: 'newest',
      value: age === null ? '–' : `${grouped(age)} s ago`,
      note: isPaused ? 'paused' : 'measured',
    },
    { name: 'readings', value: grouped(readings), note: 'in the window' },
  ];
  return (
    <dl className="numbers">
      {tiles.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd data-number={name}>{value}</dd>
          <dd className="hint">{note}</dd>
        </div>
      ))}
    </dl>
  );
}
