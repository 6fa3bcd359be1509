import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { LiveSeriesAnswer } from '../../../api.ts';
import { words } from '../app/format.ts';
import { placeAfter } from '../charts/day-keys.ts';
import { usePlot } from '../charts/use-plot.ts';
import { colourOf, decimalsFor } from './groups.ts';

interface GroupChartProps {
  readonly series: LiveSeriesAnswer;
  readonly value: string;
  /** Groups whose lines are left out. */
  readonly hidden: ReadonlySet<string>;
}

const HEIGHT = 320;
const axis = (style: CSSStyleDeclaration) => ({
  stroke: style.getPropertyValue('--muted'),
  grid: { stroke: style.getPropertyValue('--line'), width: 1 },
  ticks: { show: false },
  font: '12px system-ui',
});

/** A line for each group over the window, read one bucket after the other with the arrow keys. */
export function GroupChart({ series, value, hidden }: GroupChartProps) {
  const { buckets, groups, bucketSeconds } = series;
  const [at, setAt] = useState<number | null>(null);
  const names = groups.map(({ group }) => group).join('\n');
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = [buckets, ...groups.map(({ means }) => means)];
  const isHidden = useRef(hidden);
  isHidden.current = hidden;
  const draw = useCallback(
    (element: HTMLElement, width: number) => {
      const style = getComputedStyle(document.documentElement);
      const lines = names === '' ? [] : names.split('\n');
      return new uPlot(
        {
          width,
          height: HEIGHT,
          tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
          padding: [8, 8, 0, 0],
          legend: { show: false },
          cursor: { y: false, drag: { x: false, y: false } },
          axes: [
            {
              ...axis(style),
              size: 30,
              gap: 9,
              space: 90,
              values: (_, ticks) => ticks.map((tick) => clock(tick)),
            },
            { ...axis(style), size: 60, space: 28 },
          ],
          series: [
            {},
            ...lines.map((label, i) => ({
              label,
              stroke: style.getPropertyValue(colourOf(i)),
              width: 1.8,
              spanGaps: true,
              points: { show: false },
              show: !isHidden.current.has(label),
            })),
          ],
          hooks: { setCursor: [(chart) => setAt(chart.cursor.idx ?? null)] },
        },
        data.current,
        element,
      );
    },
    [names],
  );
  const { place, plot } = usePlot(HEIGHT, draw);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer is new data
  useEffect(() => plot.current?.setData(data.current), [series]);
  useEffect(() => {
    names.split('\n').forEach((name, i) => {
      if (plot.current?.series[i + 1]) plot.current.setSeries(i + 1, { show: !hidden.has(name) });
    });
  }, [hidden, names, plot]);
  const keys = (event: KeyboardEvent) => {
    const to = placeAfter(event.key, at ?? buckets.length - 1, buckets.length - 1);
    const chart = plot.current;
    const bucket = buckets[to ?? -1];
    if (!chart || bucket === undefined) return;
    chart.setCursor({ left: chart.valToPos(bucket, 'x'), top: 0 });
    event.preventDefault();
  };
  const decimals = decimalsFor(groups.flatMap(({ means }) => means).filter((mean) => mean !== null));
  const shown = Math.min(at ?? buckets.length - 1, buckets.length - 1);
  const reading = groups
    .filter(({ group, means }) => !hidden.has(group) && typeof means[shown] === 'number')
    .map(({ group, means }) => `${group} ${(means[shown] ?? 0).toFixed(decimals)}`)
    .join(', ');
  const moment = clock(buckets[shown] ?? 0);
  return (
    <div className="chart">
      <p className="live-reading">
        {at === null
          ? `Mean of every ${bucketSeconds} s, up to the newest reading. On the keyboard: arrow keys.`
          : `${moment} · ${reading || 'no reading'}`}
      </p>
      <div
        ref={place}
        role="slider"
        tabIndex={0}
        aria-label={`${words(value)}, mean of every ${bucketSeconds} s, by group`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, buckets.length - 1)}
        aria-valuenow={Math.max(0, shown)}
        aria-valuetext={`${moment}: ${reading || 'no reading'}`}
        onKeyDown={keys}
      />
    </div>
  );
}

/** `11:57:06`, UTC. */
function clock(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}
