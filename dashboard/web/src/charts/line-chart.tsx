import { type FocusEvent, type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { grouped } from '../app/format.ts';
import { placeAfter } from './day-keys.ts';
import { DAY, dayAt, dayTicks } from './day-ticks.ts';
import { usePlot } from './use-plot.ts';

interface LineChartProps {
  /** Midnights in seconds since the epoch, UTC, ascending. */
  readonly days: readonly number[];
  readonly values: readonly number[];
  /** The first and the last day of the axis, also midnights; those of the days when absent. */
  readonly range?: readonly [number, number] | undefined;
  readonly label: string;
  /** Number of the colour in the theme's palette. */
  readonly colour: number;
  readonly height?: number;
  readonly stepped?: boolean;
  /** Charts with the same key move their cursors together. */
  readonly together?: string;
  /**
   * Called with a range of days that was dragged over, or marked with Shift and arrow keys; or with one day.
   */
  onRange?(from: string, to: string): void;
}

/** Fewer days than this have a point each. */
const POINTS = 40;
/** Width of a label such as 2020-11-10, with a gap to the next. */
const LABEL_PX = 92;
/** Room after the last day. */
const END_PX = 12;
const COUNTS = [1, 2, 5]
  .flatMap((n) => Array.from({ length: 12 }, (_, i) => n * 10 ** i))
  .sort((a, b) => a - b);

/** uPlot's types leave out that `publish` moves the cursors of the charts that go with it, too. */
interface Pointed {
  setCursor(place: { left: number; top: number }, fireHook: boolean, publish: boolean): void;
}

/**
 * Values by day as a line, with a point for each where the days are few; read one after the other with the
 * arrow keys, as a slider is moved.
 */
export function LineChart(props: LineChartProps) {
  const { days, values, label, colour, height = 120, stepped = false, together, onRange } = props;
  const [first, last] = props.range ?? [days[0] ?? 0, days.at(-1) ?? 0];
  const hasPoints = !stepped && (last - first) / DAY < POINTS;
  const choose = useRef(onRange);
  choose.current = onRange;
  const data = useRef<uPlot.AlignedData>([[], []]);
  data.current = [[...days], [...values]];
  const [at, setAt] = useState<number | null>(null);
  // The other end of what Shift marks.
  const anchor = useRef(0);
  const draw = useCallback(
    (element: HTMLElement, chartWidth: number) => {
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
      const ticks = (chart: uPlot) => {
        const px = chart.bbox.width / uPlot.pxRatio;
        const shown = dayTicks(first, last, Math.max(1, Math.floor(px / LABEL_PX)));
        // A label is centred on its day, and would be cut at the end of the chart.
        return shown.filter((day) => day === first || chart.valToPos(day, 'x') + LABEL_PX / 2 <= px + END_PX);
      };
      return new uPlot(
        {
          width: chartWidth,
          height,
          tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
          padding: [8, END_PX, 0, 0],
          legend: { show: false },
          cursor: {
            y: false,
            drag: { x: true, y: false, setScale: false },
            ...(together ? { sync: { key: together } } : {}),
          },
          scales: {
            // Half a day more at both ends: no point is cut, and a single day stands in the middle.
            x: { range: () => (hasPoints ? [first - DAY / 2, last + DAY / 2] : [first, last]) },
            y: { range: (_, _least, most) => [0, Math.max(1, most * 1.05)] },
          },
          axes: [
            { ...axis, size: 30, gap: 9, splits: ticks, values: (_, days) => days.map(dayAt) },
            {
              ...axis,
              size: 60,
              values: (_, ticks) => ticks.map((n) => grouped(n)),
              space: 20,
              incrs: COUNTS,
            },
          ],
          series: [
            {},
            {
              label,
              stroke,
              fill: `${stroke}22`,
              width: 1.6,
              points: { show: hasPoints, size: 6, fill: stroke },
              ...(path ? { paths: path } : {}),
            },
          ],
          hooks: {
            setCursor: [(chart) => setAt(chart.cursor.idx ?? null)],
            setSelect: [
              (chart) => {
                if (chart.select.width < 1) return;
                const { left, width } = chart.select;
                const day = (px: number) => dayAt(Math.min(last, Math.max(first, chart.posToVal(px, 'x'))));
                choose.current?.(day(left), day(left + width));
                chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              },
            ],
          },
        },
        data.current,
        element,
      );
    },
    [label, colour, height, stepped, together, first, last, hasPoints],
  );
  const { place, plot } = usePlot(height, draw);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other days or values are new data
  useEffect(() => plot.current?.setData(data.current), [days, values]);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const peak = days[values.indexOf(most)];
  const text =
    peak === undefined
      ? `${label}: nothing`
      : `${label} by day, ${dayAt(days[0] ?? peak)} to ${dayAt(days.at(-1) ?? peak)}; most on ${dayAt(peak)}: ${grouped(most)}`;
  /**
   * Moves the cursor to a day, there and in the charts that go with it, and marks the days from the anchor to
   * it.
   */
  const point = (to: number) => {
    const [chart, day] = [plot.current, days[to]];
    if (!chart || day === undefined) return;
    const [left, start] = [chart.valToPos(day, 'x'), chart.valToPos(days[anchor.current] ?? day, 'x')];
    (chart as Pointed).setCursor({ left, top: 0 }, true, true);
    chart.setSelect(
      { left: Math.min(left, start), top: 0, width: Math.abs(left - start), height: chart.over.clientHeight },
      false,
    );
  };
  const focus = (event: FocusEvent) => {
    if (!event.target.matches(':focus-visible')) return;
    anchor.current = at ?? 0;
    point(anchor.current);
  };
  const keys = (event: KeyboardEvent) => {
    const here = Math.min(at ?? 0, days.length - 1);
    const to = placeAfter(event.key, here, days.length - 1);
    if (to !== null) {
      if (!event.shiftKey) anchor.current = to;
      point(to);
    } else if (event.key === 'Enter' && onRange) {
      const [from, until] = [Math.min(anchor.current, here), Math.max(anchor.current, here)];
      onRange(dayAt(days[from] ?? 0), dayAt(days[until] ?? 0));
      anchor.current = 0;
      plot.current?.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    } else return;
    event.preventDefault();
  };
  const [shownDay, shownValue] = [days[at ?? 0], values[at ?? 0]];
  const reading = shownDay === undefined ? '' : `${dayAt(shownDay)}: ${grouped(shownValue ?? 0)}`;
  return (
    <div className={onRange ? 'chart can-choose' : 'chart'}>
      <div
        ref={place}
        role="slider"
        tabIndex={0}
        aria-label={text}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, days.length - 1)}
        aria-valuenow={at ?? 0}
        aria-valuetext={reading}
        onKeyDown={keys}
        onFocus={focus}
      />
      {at !== null && (
        <p className="reading" aria-hidden="true">
          {reading}
        </p>
      )}
    </div>
  );
}
