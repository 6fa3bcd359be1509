import { Command, Option } from 'commander';
import { reportOf, reportsOf } from '../config/dataset/reports.ts';
import { UsageError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import type { Row } from '../core/row.ts';
import { type ReportPlace, type ReportResult, runReport } from '../inspection/report.ts';
import { withCommonOptions } from './command.ts';
import { cell, counted, print, table } from './output.ts';
import { type CommonOptions, openSession, readConfiguration, type Session } from './session.ts';

interface ReportOptions extends CommonOptions {
  readonly date?: string;
  readonly csv?: boolean;
  readonly on?: ReportPlace;
}

/** `report`: the questions that a dataset's folder answers. */
export function reportCommand(): Command {
  const command = new Command('report')
    .description('run a report of the dataset; without a name, list the reports')
    .argument('<dataset>', 'a folder of config/datasets/ or EVENTLAKE_DATASETS')
    .argument('[name]', 'the report')
    .option('--date <day>', 'the day, as 2020-06-14 (default: the newest one that has facts)')
    .addOption(
      new Option(
        '--on <place>',
        'where it runs (default: warehouse, where the tables are published there)',
      ).choices(['lake', 'warehouse']),
    )
    .option('--csv', 'print the rows as CSV');
  return withCommonOptions(command).action(async (dataset: string, name, options: ReportOptions) => {
    if (name === undefined) return listReports(dataset, options);
    const date = options.date === undefined ? null : dayOf(options.date);
    const session = await openSession(dataset, options, 'look');
    try {
      const report = await reportOf(session, name);
      const result = await runReport(session, report.query, date, options.on);
      if (options.csv && !options.json) process.stdout.write(csv(result));
      else print(options.json ?? false, { report: name, ...result }, () => reportText(report, result));
    } finally {
      await session.close();
    }
  });
}

async function listReports(dataset: string, options: ReportOptions): Promise<void> {
  const reports = await reportsOf(await readConfiguration(dataset, options));
  const list = reports.map(({ name, title }) => ({ name, title }));
  print(options.json ?? false, list, () =>
    list.length === 0
      ? `${dataset} has no reports`
      : table(
          ['report', 'shows'],
          list.map(({ name, title }) => [name, title]),
        ),
  );
}

/** Each report of the dataset for its newest day, with at most so many rows; nothing where it has none. */
export async function reportTexts(session: Session, rows: number): Promise<string[]> {
  const texts: string[] = [];
  for (const report of await reportsOf(session))
    texts.push(reportText(report, await runReport(session, report.query, null), rows));
  return texts;
}

function reportText(
  { name, title }: Report,
  { date, columns, rows }: ReportResult,
  most = rows.length,
): string {
  const shown = rows.slice(0, most).map((row) => columns.map((column) => cell(row[column])));
  const rest = rows.length > most ? `\n  … and ${counted(rows.length - most, 'more row')}` : '';
  const answer = rows.length === 0 ? '  nothing on this day' : table(columns, shown);
  return `${name}, ${date}: ${title}\n\n${answer}${rest}`;
}

/** RFC 4180, with line feeds. */
function csv({ columns, rows }: ReportResult): string {
  const field = (value: Row[string] | undefined) => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return `${lines.map((line) => line.map(field).join(',')).join('\n')}\n`;
}

function dayOf(text: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text);
  if (isDay) return text;
  throw new UsageError('report:bad_date', `"${text}" is no day that exists, written as 2020-06-14`);
}
