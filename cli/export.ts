import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { CsvEventFile, type Rotation } from '../adapters/csv/event-file.ts';
import { csvPathOf } from '../core/dataset.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { type ExportResult, exportColumns, exportEvents } from '../processing/export.ts';
import { datasetCommand, positive, STOPPED, stopOnSignals } from './command.ts';
import { openMonitor } from './monitoring.ts';
import { counted, note, print, record, thousands } from './output.ts';
import { type CommonOptions, openSession, type Session } from './session.ts';

/** So many rotated files are kept unless `--keep` says another number. */
const KEEP = 5;

/** Which file is written, and when it is followed by another. */
export interface ExportOptions extends CommonOptions {
  readonly csv?: string;
  readonly rotate?: number;
  readonly keep?: number;
}

/** `export`: the log's good events, appended to a CSV file. */
export function exportCommand(): Command {
  return datasetCommand('export', 'append the events of the log to a CSV file, each once')
    .option('--follow', 'keep going until SIGINT or SIGTERM')
    .option(
      '--csv <file>',
      "file to write (default: data/<dataset>.csv below EVENTLAKE_HOME, or the dataset's)",
    )
    .option('--rotate <size>', 'begin a new file when this size is reached, such as 50MB', size)
    .option('--keep <n>', `rotated files to keep (default: ${KEEP})`, positive)
    .action(async (name: string, options: ExportOptions & { follow?: boolean }) => {
      const { signal } = stopOnSignals();
      const session = await openSession(name, options, 'write', signal);
      try {
        if (options.follow) note('stop with Ctrl-C');
        const result = await exportToCsv(
          session,
          options,
          options.follow ?? false,
          signal,
          await openMonitor(session),
        );
        if (result.stopped && !options.follow) {
          note(STOPPED, 'info', { event: 'stopped' });
          process.exitCode = 1;
        }
        print(options.json ?? false, { csv: csvFile(session, options.csv), ...result }, exportText);
      } finally {
        await session.close();
      }
    });
}

/** The CSV file of a dataset: the one given, or the dataset's own. */
export function csvFile(
  { dataset, settings }: Pick<Session, 'dataset' | 'settings'>,
  given?: string,
): string {
  return given === undefined ? resolve(settings.home, csvPathOf(dataset)) : resolve(given);
}

/** What is exported to: the file given, or the dataset's own. */
export function openCsv(
  session: Pick<Session, 'dataset' | 'settings'>,
  given?: string,
  rotation: Rotation | null = null,
): CsvEventFile {
  return new CsvEventFile(csvFile(session, given), exportColumns(session.dataset), rotation);
}

/** Exports what the log holds, and with `follow` what comes, until the signal. */
export async function exportToCsv(
  session: Session,
  { csv, rotate, keep = KEEP }: ExportOptions,
  follow: boolean,
  signal: AbortSignal,
  monitor: Monitor | null,
): Promise<ExportResult> {
  const { dataset, log } = session;
  const file = openCsv(session, csv, rotate === undefined ? null : { bytes: rotate, keep });
  note(`exporting ${log.description} to ${file.description}`, 'info', {
    ...{ event: 'export_started', hop: 'export', follow },
  });
  // An engine beside: archive and export may run at the same time.
  const engine = await session.engine.beside();
  const context = {
    ...{ dataset, log, file, engine },
    onTurn: () => monitor?.turn(),
    onCommit(batch: { rows: number; rejected: number; seconds: number }) {
      record(`export: ${counted(batch.rows, 'row')}`, { event: 'commit', hop: 'export', ...batch });
    },
    onFailure(
      { message, code, hint }: { message: string; code: string; hint: string | undefined },
      pauseMs: number,
    ) {
      const seconds = pauseMs / 1000;
      note(`warning: export failed, and is tried again in ${seconds} s: ${message} [${code}]`, 'warn', {
        ...{ event: 'retry', hop: 'export', code, hint, pause: seconds },
      });
    },
  };
  try {
    return await exportEvents(context, follow ? null : await log.ranges(), signal);
  } finally {
    await engine.close();
  }
}

function exportText({ csv, rows, rejected, totalRows }: ExportResult & { csv: string }): string {
  const bad = rejected > 0 ? `, ${thousands(rejected)} rejected` : '';
  return `${counted(rows, 'row')} exported${bad}; ${csv} has had ${thousands(totalRows)} in all`;
}

/** Reads a size such as 50MB; decimal units. */
function size(text: string): number {
  const [, number = '', unit = 'B'] = /^(\d+(?:\.\d+)?) ?([kMG]?B)?$/i.exec(text) ?? [];
  const bytes = Number(number) * ({ B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }[unit.toUpperCase()] ?? 0);
  if (bytes >= 1) return Math.floor(bytes);
  throw new InvalidArgumentError('It must be a size such as 50MB.');
}
