import type { LiveSeriesAnswer } from '../../../api.ts';
import { grouped } from '../app/format.ts';
import { colourOf, decimalsFor, mostDecimals, numberOf } from './groups.ts';

interface SmallChartsProps {
  readonly series: LiveSeriesAnswer;
  readonly value: string;
}

const [WIDTH, HEIGHT] = [100, 28];

/** A chart for each group, all on one scale: on a phone, many lines in one cannot be told apart. */
export function SmallCharts({ series: { groups, buckets, bucketSeconds }, value }: SmallChartsProps) {
  const means = groups.flatMap(({ means }) => means).filter((mean) => mean !== null);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const decimals = decimalsFor(means);
  const latest = groups.map(({ latest: row }) => numberOf(row[value]));
  const readingDecimals = mostDecimals(latest);
  const points = (of: readonly (number | null)[]) =>
    of
      .flatMap((mean, i) => {
        if (mean === null) return [];
        const x = buckets.length < 2 ? WIDTH : (WIDTH * i) / (buckets.length - 1);
        const y = most === least ? HEIGHT / 2 : HEIGHT * (1 - (mean - least) / (most - least));
        return [`${x.toFixed(1)},${y.toFixed(1)}`];
      })
      .join(' ');
  return (
    <>
      {means.length > 0 && (
        <p className="live-reading">
          Mean of every {bucketSeconds} s, all from {grouped(least.toFixed(decimals))} to{' '}
          {grouped(most.toFixed(decimals))}.
        </p>
      )}
      <ul className="small-charts">
        {groups.map(({ group, means }, i) => {
          const reading = latest[i] ?? null;
          return (
            <li key={group} data-small-chart={group}>
              <span className="gauge-name">{group}</span>
              <span className="gauge-value">
                {reading === null ? '–' : grouped(reading.toFixed(readingDecimals))}
              </span>
              <svg viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" aria-hidden="true">
                <polyline points={points(means)} style={{ stroke: `var(${colourOf(i)})` }} />
              </svg>
            </li>
          );
        })}
      </ul>
    </>
  );
}
