import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { grouped } from '../app/format.ts';

interface LineChartProps {
  /** Midnights in seconds since the epoch, UTC, ascending. */
  readonly days: readonly number[];
  readonly values: readonly number[];
  readonly label: string;
  /** Number of the colour in the theme's palette. */
  readonly colour: number;
  readonly height?: number;
  readonly stepped?: boolean;
  /** Charts with the same key move their cursors together. */
  readonly together?: string;
  /** Called with a range of days that was dragged over, or a day that was clicked. */
  onRange?(from: string, to: string): void;
}

const DAY = 86_400;

/** Values by day. The same numbers are in its text for screen readers; ranges can be typed into the filters too. */
export function LineChart(props: LineChartProps) {
  const { days, values, label, colour, height = 120, stepped = false, together, onRange } = props;
  const place = useRef<HTMLDivElement>(null);
  const choose = useRef(onRange);
  choose.current = onRange;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const draw = () => {
      const style = getComputedStyle(document.documentElement);
      const ink = style.getPropertyValue('--muted');
      const line = style.getPropertyValue('--line');
      const stroke = style.getPropertyValue(`--series-${colour}`);
      const axis = {
        stroke: ink,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        font: '12px system-ui',
      };
      const path = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
      return new uPlot(
        {
          width: Math.max(120, element.clientWidth),
          height,
          tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
          padding: [8, 8, 0, 0],
          legend: { show: false },
          cursor: {
            drag: { x: true, y: false, setScale: false },
            ...(together ? { sync: { key: together } } : {}),
          },
          scales: { y: { range: (_, _least, most) => [0, Math.max(1, most * 1.05)] } },
          axes: [
            { ...axis, size: 26, space: 90, values: (_, ticks) => ticks.map(dayAt) },
            { ...axis, size: 60, values: (_, ticks) => ticks.map((n) => grouped(n)), space: 28 },
          ],
          series: [
            {},
            {
              label,
              stroke,
              fill: `${stroke}22`,
              width: 1.6,
              points: { show: false },
              ...(path ? { paths: path } : {}),
            },
          ],
          hooks: {
            setSelect: [
              (chart) => {
                if (chart.select.width < 1) return;
                const [first, last] = [chart.select.left, chart.select.left + chart.select.width];
                choose.current?.(dayAt(chart.posToVal(first, 'x')), dayAt(chart.posToVal(last, 'x')));
                chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              },
            ],
          },
        },
        [[...days], [...values]],
        element,
      );
    };
    let chart = draw();
    const redraw = () => {
      chart.destroy();
      chart = draw();
    };
    const resized = new ResizeObserver(() =>
      chart.setSize({ width: Math.max(120, element.clientWidth), height }),
    );
    resized.observe(element);
    addEventListener('themechange', redraw);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', redraw);
    return () => {
      resized.disconnect();
      removeEventListener('themechange', redraw);
      dark.removeEventListener('change', redraw);
      chart.destroy();
    };
  }, [days, values, label, colour, height, stepped, together]);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const peak = days[values.indexOf(most)];
  const text =
    peak === undefined
      ? `${label}: nothing`
      : `${label} by day, ${dayAt(days[0] ?? peak)} to ${dayAt(days.at(-1) ?? peak)}; most on ${dayAt(peak)}: ${grouped(most)}`;
  return <div ref={place} className={onRange ? 'chart can-choose' : 'chart'} role="img" aria-label={text} />;
}

function dayAt(seconds: number): string {
  return new Date(Math.round(seconds / DAY) * DAY * 1000).toISOString().slice(0, 10);
}

/** Midnight of `2020-09-24` in seconds. */
export function midnight(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}
