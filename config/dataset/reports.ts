import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { findReport, type Report, type ReportChart } from '../../core/report.ts';
import type { DatasetFolder } from './read.ts';

/**
 * The reports of a dataset, `reports/*.sql` in its folder: first those with a line such as `-- order: 1`, in
 * the order of these numbers, then the others by name.
 * @throws UsageError `report:bad_chart`, `report:bad_order`
 */
export async function reportsOf({ folder }: Pick<DatasetFolder, 'folder'>): Promise<Report[]> {
  const place = join(folder, 'reports');
  const files = (await readdir(place).catch(() => [])).filter((file) => file.endsWith('.sql')).sort();
  const reports = await Promise.all(
    files.map(async (file) => {
      const query = await readFile(join(place, file), 'utf8');
      const name = file.slice(0, -'.sql'.length);
      const title = /^--\s*(.*)/.exec(query)?.[1] ?? name;
      const order = orderOf(query, join(place, file));
      return { order, report: { name, title, chart: chartOf(query, join(place, file)), query } };
    }),
  );
  return reports.sort((one, other) => one.order - other.order).map(({ report }) => report);
}

/** What a line such as `-- order: 1` says; more than any number where there is none. */
function orderOf(query: string, file: string): number {
  const text = /^--\s*order:(.*)/m.exec(query)?.[1]?.trim();
  if (text === undefined) return Number.MAX_VALUE;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError('report:bad_order', `${file}: "order: ${text}" is no whole number`, {
    hint: 'Write the place of the report among the others: -- order: 1',
  });
}

/** What a line such as `-- chart: views by hour, browser` says. */
function chartOf(query: string, file: string): ReportChart | null {
  const hint = /^--\s*chart:(.*)/m.exec(query)?.[1];
  if (hint === undefined) return null;
  const [, value, by] = /^\s*(\w+) by (\w+(?:, \w+)*)\s*$/.exec(hint) ?? [];
  if (value !== undefined && by !== undefined) return { value, by: by.split(', ') };
  throw new UsageError('report:bad_chart', `${file}: "chart:${hint}" does not say what to draw`, {
    hint: 'Write the column of the numbers, and those that say what they are of: -- chart: views by hour, browser',
  });
}

/**
 * One of the dataset's reports.
 * @throws UsageError `report:unknown`
 */
export async function reportOf(dataset: DatasetFolder, name: string): Promise<Report> {
  return findReport(await reportsOf(dataset), dataset.dataset.name, name);
}
