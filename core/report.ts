import { UsageError } from './errors.ts';
import { nearest } from './nearest.ts';

/** A report: a query over the dataset's tables, in which `$date` stands for the day that it is of. */
export interface Report {
  readonly name: string;
  /** The comment in its first line, for people. */
  readonly title: string;
  /** How its rows are drawn; null where they are a table only. */
  readonly chart: ReportChart | null;
  readonly query: string;
}

/** Rows as bars: the column that says how long each is, and those that say what it is of. */
export interface ReportChart {
  readonly value: string;
  readonly by: readonly string[];
}

/**
 * The report of this name.
 * @throws UsageError `report:unknown`
 */
export function findReport(reports: readonly Report[], dataset: string, name: string): Report {
  const found = reports.find((report) => report.name === name);
  if (found) return found;
  const names = reports.map((report) => report.name);
  const similar = nearest(name, names);
  throw new UsageError('report:unknown', `${dataset} has no report "${name}"`, {
    hint: `${similar === null ? '' : `Did you mean ${similar}? `}Its reports are: ${names.join(', ') || 'none'}.`,
  });
}
