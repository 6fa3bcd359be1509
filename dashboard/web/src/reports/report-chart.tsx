import type { Cell, ReportAnswer, ReportsAnswer } from '../../../api.ts';
import { words } from '../app/format.ts';
import { COLOURS, type Column, Histogram } from '../charts/histogram.tsx';

type Row = ReportAnswer['rows'][number];
export type Chart = NonNullable<ReportsAnswer['reports'][number]['chart']>;

/** Whether the rows are in the order of a number such as the hour; all others are bars within the table. */
export function hasColumns({ by: [first = ''] }: Chart, rows: readonly Row[]): boolean {
  return rows.length > 0 && rows.every((row) => typeof row[first] === 'number');
}

/** The rows as columns in the order of their first number. */
export function ReportChart({ chart, rows }: { chart: Chart; rows: readonly Row[] }) {
  const [first = '', ...rest] = chart.by;
  const { columns, parts } = stacked(rows, chart, first, rest);
  return <Histogram columns={columns} unit={words(chart.value)} parts={parts} />;
}

/**
 * A column for each whole number from the least to the most; the parts that are largest have colours, all
 * others are one.
 */
function stacked(
  rows: readonly Row[],
  { value }: Chart,
  first: string,
  rest: readonly string[],
): { columns: Column[]; parts: string[] } {
  const partOf = (row: Row) => rest.map((name) => textOf(row[name])).join(', ');
  const totals = sums(rows, partOf, value);
  const largest = [...totals].sort(([, a], [, b]) => b - a).map(([part]) => part);
  const named = largest.slice(0, COLOURS);
  const parts = largest.length > COLOURS ? [...named, `${largest.length - COLOURS} others`] : named;
  const at = (row: Row) => numberOf(row[first]);
  const [from, to] = [Math.min(...rows.map(at)), Math.max(...rows.map(at))];
  const columns = Array.from({ length: to - from + 1 }, (_, i) => {
    const here = rows.filter((row) => at(row) === from + i);
    const found = sums(here, partOf, value);
    const values = named.map((part) => found.get(part) ?? 0);
    const others = [...found].reduce((sum, [part, n]) => (named.includes(part) ? sum : sum + n), 0);
    return {
      label: `${words(first)} ${from + i}`,
      short: String(from + i),
      values: parts.length > named.length ? [...values, others] : values,
    };
  });
  return { columns, parts };
}

function sums(rows: readonly Row[], partOf: (row: Row) => string, value: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const row of rows) found.set(partOf(row), (found.get(partOf(row)) ?? 0) + numberOf(row[value]));
  return found;
}

function numberOf(cell: Cell | undefined): number {
  return Number(cell ?? 0);
}

function textOf(cell: Cell | undefined): string {
  return cell === null || cell === undefined || cell === '' ? 'unknown' : String(cell);
}
