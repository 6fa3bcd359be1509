import type { LensAttributes, LensColumn, XyState } from './lens-types.ts';
import type { Bar, Shown } from './panel-request.ts';
import { type Box, fitted, GREY, horizontalLine, INK, LINE, rectangle, text, widthOf } from './svg.ts';

const ROW = 27;

/** The column of a table. */
export interface TableColumn {
  readonly label: string;
  readonly align: 'start' | 'end';
  /** Share of the table's width. */
  readonly share: number;
}

/** The inside of a Lens panel. */
export function lensPicture(lens: LensAttributes, shown: Shown, box: Box): string {
  const { visualization } = lens.state;
  const columns = Object.values(lens.state.datasourceStates.formBased.layers)[0]?.columns ?? {};
  if ('number' in shown) return metricPicture(columns[metricId(visualization)], shown.number, box);
  const xy = visualization as XyState;
  const [{ seriesType, yConfig, xAccessor }] = xy.layers;
  const [{ color }] = yConfig;
  if (seriesType === 'bar_horizontal') return horizontalBars(shown.bars, color, box);
  const isTime = columns[xAccessor]?.operationType === 'date_histogram';
  return isTime ? weeklyBars(shown.bars, color, box) : verticalBars(shown.bars, color, box);
}

function metricId(visualization: LensAttributes['state']['visualization']): string {
  return 'metricAccessor' in visualization ? visualization.metricAccessor : '';
}

function metricPicture(column: LensColumn | undefined, value: number | null, { x, y, height }: Box): string {
  const format = column && 'format' in column.params ? column.params.format : undefined;
  const shown =
    value === null ? 'N/A' : formatted(value, format?.params.decimals ?? 0, format?.id === 'percent');
  return (
    text(x, y + 10, column?.label ?? '', { color: GREY }) +
    text(x, y + height - 10, shown, { size: 34, weight: 600 })
  );
}

/** A number as Kibana writes it in English. */
export function formatted(value: number, decimals: number, isPercent = false): string {
  return value.toLocaleString('en-US', {
    style: isPercent ? 'percent' : 'decimal',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

function horizontalBars(bars: readonly Bar[], color: string, { x, y, width, height }: Box): string {
  const pitch = height / bars.length;
  const thickness = Math.min(pitch * 0.68, 48);
  const labelWidth = Math.min(Math.max(...bars.map(({ label }) => widthOf(label))) + 12, width * 0.46);
  const most = Math.max(...bars.map(({ value }) => value ?? 0), 1);
  const room = width - labelWidth - widthOf(formatted(most, 0)) - 10;
  return bars
    .map(({ label, value }, n) => {
      const middle = y + pitch * (n + 0.5);
      const length = (room * (value ?? 0)) / most;
      const bar = { x: x + labelWidth, y: middle - thickness / 2, width: length, height: thickness };
      return (
        text(x + labelWidth - 8, middle + 4, fitted(label, labelWidth - 8), { color: GREY, anchor: 'end' }) +
        rectangle(bar, `fill="${color}"`) +
        text(x + labelWidth + length + 6, middle + 4, formatted(value ?? 0, 0), { weight: 500 })
      );
    })
    .join('');
}

function verticalBars(bars: readonly Bar[], color: string, { x, y, width, height }: Box): string {
  const most = Math.max(...bars.map(({ value }) => value ?? 0), 1);
  const pitch = width / bars.length;
  const base = y + height - 22;
  const room = height - 22 - 20;
  const drawn = bars.map(({ label, value }, n) => {
    const length = (room * (value ?? 0)) / most;
    const middle = x + pitch * (n + 0.5);
    const bar = { x: middle - pitch * 0.38, y: base - length, width: pitch * 0.76, height: length };
    return (
      rectangle(bar, `fill="${color}"`) +
      text(middle, base - length - 6, formatted(value ?? 0, 0), { anchor: 'middle', weight: 500 }) +
      text(middle, base + 17, fitted(label, pitch, 11), { anchor: 'middle', color: GREY, size: 11 })
    );
  });
  return drawn.join('') + horizontalLine(x, base, width);
}

function weeklyBars(bars: readonly Bar[], color: string, { x, y, width, height }: Box): string {
  const most = Math.max(...bars.map(({ value }) => value ?? 0), 1);
  const step = niceStep(most / 5);
  const ceiling = Math.ceil(most / step) * step;
  const left = widthOf(formatted(ceiling, 0)) + 10;
  const base = y + height - 22;
  const room = height - 22 - 8;
  const pitch = (width - left) / bars.length;
  let drawn = '';
  for (let tick = 0; tick <= ceiling; tick += step) {
    const at = base - (room * tick) / ceiling;
    drawn += horizontalLine(x + left, at, width - left);
    drawn += text(x + left - 8, at + 4, formatted(tick, 0), { anchor: 'end', color: GREY, size: 11 });
  }
  for (const [n, { value }] of bars.entries()) {
    const length = (room * (value ?? 0)) / ceiling;
    const bar = { x: x + left + pitch * (n + 0.1), y: base - length, width: pitch * 0.8, height: length };
    drawn += rectangle(bar, `fill="${color}"`);
  }
  for (const { n, label } of months(bars)) {
    drawn += text(x + left + pitch * (n + 0.1), base + 17, label, { color: GREY, size: 11 });
  }
  return drawn;
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power;
}

/**
 * The first week of each month, named; of months that follow too closely, the later one. The year stands
 * where it begins.
 */
function months(bars: readonly Bar[]): { n: number; label: string }[] {
  const firsts = bars.flatMap(({ label }, n) =>
    label.slice(0, 7) === bars[n - 1]?.label.slice(0, 7) ? [] : [{ n, day: label }],
  );
  const spaced = firsts.filter(({ n }, at) => (firsts[at + 1]?.n ?? Number.POSITIVE_INFINITY) - n > 2);
  return spaced.map(({ n, day }, at) => {
    const isNewYear = spaced[at - 1]?.day.slice(0, 4) !== day.slice(0, 4);
    const year = isNewYear ? ({ year: 'numeric' } as const) : {};
    return {
      n,
      label: new Date(day).toLocaleDateString('en-US', { month: 'short', timeZone: 'UTC', ...year }),
    };
  });
}

/** A table with as many rows as there is room for. */
export function tablePicture(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { x, y, width, height }: Box,
): string {
  const total = columns.reduce((sum, { share }) => sum + share, 0);
  const line = (cells: readonly string[], base: number, weight: number, color: string) => {
    let at = x;
    return columns
      .map(({ align, share }, n) => {
        const cell = (width * share) / total;
        const content = fitted(cells[n] ?? '', cell - 12);
        const place = align === 'end' ? at + cell - 16 : at;
        at += cell;
        return text(place, base, content, { anchor: align, weight, color });
      })
      .join('');
  };
  const count = Math.min(rows.length, Math.floor(height / ROW) - 1);
  const head = line(
    columns.map(({ label }) => label),
    y + 17,
    600,
    INK,
  );
  const body = rows.slice(0, count).map((cells, n) => {
    const top = y + ROW * (n + 1);
    return horizontalLine(x, top, width, LINE) + line(cells, top + 18, 400, INK);
  });
  return head + body.join('');
}
