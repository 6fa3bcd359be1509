import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { DatasetFolder } from './read.ts';

/** A report: a query over the dataset's tables, in which `$date` stands for the day that it is of. */
export interface Report {
  readonly name: string;
  /** The comment in its first line, for people. */
  readonly title: string;
  readonly query: string;
}

/** The reports of a dataset, `reports/*.sql` in its folder, sorted by name. */
export async function reportsOf({ folder }: Pick<DatasetFolder, 'folder'>): Promise<Report[]> {
  const place = join(folder, 'reports');
  const files = (await readdir(place).catch(() => [])).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) => {
      const query = await readFile(join(place, file), 'utf8');
      const name = file.slice(0, -'.sql'.length);
      return { name, title: /^--\s*(.*)/.exec(query)?.[1] ?? name, query };
    }),
  );
}

/**
 * One of the dataset's reports.
 * @throws UsageError `report:unknown`
 */
export async function reportOf(dataset: DatasetFolder, name: string): Promise<Report> {
  const reports = await reportsOf(dataset);
  const found = reports.find((report) => report.name === name);
  if (found) return found;
  const names = reports.map((report) => report.name);
  const similar = nearest(name, names);
  throw new UsageError('report:unknown', `${dataset.dataset.name} has no report "${name}"`, {
    hint: `${similar === null ? '' : `Did you mean ${similar}? `}Its reports are: ${names.join(', ') || 'none'}.`,
  });
}
