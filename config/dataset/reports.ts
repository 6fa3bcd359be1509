import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { findReport, type Report, type ReportChart } from '../../core/report.ts';
import type { DatasetFolder } from './read.ts';

/**
 * The reports of a dataset, `reports/*.sql` in its folder, sorted by name.
 * @throws UsageError `report:bad_chart`
 */
export async function reportsOf({ folder }: Pick<DatasetFolder, 'folder'>): Promise<Report[]> {
  const place = join(folder, 'reports');
  const files = (await readdir(place).catch(() => [])).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const query = await readFile(join(place, file), 'utf8');
      const name = file.slice(0, -'.sql'.length);
      const title = /^--\s*(.*)/.exec(query)?.[1] ?? name;
      return { name, title, chart: chartOf(query, join(place, file)), query };
    }),
  );
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
