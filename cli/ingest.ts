import type { Command } from 'commander';
import { type IngestResult, ingest } from '../ingestion/ingest.ts';
import type { SourceFile } from '../ingestion/source-file.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { datasetCommand, positive, stopOnSignals } from './command.ts';
import { forDataset } from './hints.ts';
import { inputFiles } from './input-files.ts';
import { openMonitor } from './monitoring.ts';
import { bytes, counted, note, print, record } from './output.ts';
import { Progress } from './progress.ts';
import { type CommonOptions, noteStores, openSession, type Session } from './session.ts';

/** Rows that are committed together unless `--batch-size` says otherwise. */
export const CHUNK_ROWS = 20_000;

/** Options of `ingest`. */
export interface IngestOptions extends CommonOptions {
  readonly file?: readonly string[];
  readonly again?: boolean;
  readonly complete?: boolean;
  readonly limit?: number;
  readonly batchSize: number;
}

/** What became of one file; or of several, with their sums. */
export type IngestReport =
  | IngestResult
  | (Omit<IngestResult, 'entry' | 'beginningRows'> & { readonly files: readonly IngestResult[] });

/** `ingest`: files into the log. */
export function ingestCommand(): Command {
  return withIngestOptions(
    datasetCommand(
      'ingest',
      'read CSV or JSON lines into the log, each row exactly once; run again, it resumes where it stopped',
    ).argument('[files...]', 'CSV files, as with --file'),
  ).action(async (name: string, files: readonly string[], given: IngestOptions) => {
    const options = { ...given, file: [...(given.file ?? []), ...files] };
    const { signal } = stopOnSignals();
    const session = await openSession(name, options, 'ingest', signal);
    noteStores(session);
    try {
      const progress = new Progress(session);
      const observers = { monitor: await openMonitor(session), progress };
      const report = await ingestFiles(session, options, signal, observers).finally(() => progress.end());
      print(options.json ?? false, report, () => forDataset(ingestSummary(report), session.dataset.name));
      if (signal.aborted) process.exitCode = 1;
    } finally {
      await session.close();
    }
  });
}

const FILE_OPTION = [
  '--file <file>',
  'a CSV file, plain, gzip or zstd, or a pattern such as "data/*.csv"; may be repeated (default: data/<dataset>.csv)',
  (file: string, before: readonly string[] = []) => [...before, file],
] as const;

/** Adds the options that say what to ingest. */
export function withIngestOptions(command: Command): Command {
  return command
    .option(...FILE_OPTION)
    .option('--again', 'ingest the file again, though it is known')
    .option('--complete', 'take a last line without its line end, though the file may still be written')
    .option('--limit <rows>', 'stop after this many rows of each file', positive)
    .option('--batch-size <rows>', 'rows that are committed together', positive, CHUNK_ROWS);
}

/** Who hears of an ingest. */
interface Observers {
  readonly monitor: Monitor | null;
  readonly progress: Progress;
}

/**
 * Ingests the files that the options name, one after the other; all of them are there before the first is
 * read.
 */
export async function ingestFiles(
  session: Session,
  options: IngestOptions,
  signal: AbortSignal,
  observers: Observers,
): Promise<IngestReport> {
  const [first, ...more] = await inputFiles(session, options.file ?? []);
  const result = await ingestFile(session, first, options, signal, observers);
  if (more.length === 0) return result;
  const files = [result];
  for (const source of more)
    if (!signal.aborted) files.push(await ingestFile(session, source, options, signal, observers));
  const sum = (count: 'rows' | 'events' | 'deadLetters') =>
    files.reduce((total, file) => total + file[count], 0);
  return {
    outcome: outcomeOf(files.map(({ outcome }) => outcome)),
    ...{ rows: sum('rows'), events: sum('events'), deadLetters: sum('deadLetters') },
    files,
  };
}

function outcomeOf(outcomes: readonly IngestResult['outcome'][]): IngestResult['outcome'] {
  const order = ['stopped', 'ingested', 'continued', 'nothing_new'] as const;
  return order.find((outcome) => outcomes.includes(outcome)) ?? 'nothing_new';
}

/** Ingests one file, showing progress; the monitor, if there is one, hears of it. */
async function ingestFile(
  session: Session,
  source: SourceFile,
  options: IngestOptions,
  signal: AbortSignal,
  { monitor, progress }: Observers,
): Promise<IngestResult> {
  progress.show('ingest', { done: 0, unit: 'rows', share: 0 });
  record(`ingest: ${source.path}, ${bytes(source.size)}`, {
    ...{ event: 'ingest_started', hop: 'ingest', file: source.path, bytes: source.size },
  });
  try {
    const result = await ingest(session.log, {
      dataset: session.dataset,
      source,
      again: options.again ?? false,
      complete: options.complete ?? false,
      limit: options.limit,
      chunkRows: options.batchSize,
      warn: (message) => note(`warning: ${message}`, 'warn'),
      onRetry(error) {
        monitor?.failed('ingest', error.message);
        const { message, code } = error;
        const details = { event: 'retry', hop: 'ingest', code };
        note(`warning: ${message}; resuming after the last committed row`, 'warn', details);
      },
      onCommit: (chunk) => monitor?.chunkCommitted(chunk),
      onProgress({ rows, bytesRead }) {
        const share = source.size > 0 ? Math.min(1, bytesRead / source.size) : 1;
        progress.show('ingest', { done: rows, unit: 'rows', share });
      },
      signal,
    });
    monitor?.succeeded('ingest');
    const { outcome, rows, events, deadLetters } = result;
    const details = { event: 'ingest_finished', hop: 'ingest', outcome, rows, events, deadLetters };
    record(`ingest: ${fileSummary(result)}`, details);
    return result;
  } finally {
    progress.finish('ingest');
  }
}

/** What ingest did, in a line a file. */
export function ingestSummary(report: IngestReport): string {
  return 'files' in report ? report.files.map(fileSummary).join('\n         ') : fileSummary(report);
}

function fileSummary({ outcome, rows, events, deadLetters, entry, beginningRows }: IngestResult): string {
  if (!entry) return 'nothing to ingest: the file is empty';
  const total = `${counted(entry.rows, 'row')} of ${entry.file} ${entry.rows === 1 ? 'is' : 'are'} in the log`;
  if (beginningRows !== undefined)
    return `nothing new: its ${counted(beginningRows, 'row')} are the beginning of ${entry.file}`;
  if (outcome === 'nothing_new') return `nothing new: all ${total} (ingest it again with --again)`;
  const dead = deadLetters > 0 ? `, ${counted(deadLetters, 'dead letter')} (see: make rejected)` : '';
  const what = `${outcome === 'continued' ? 'continued: ' : ''}${counted(rows, 'row')} → ${counted(events, 'event')}${dead}`;
  return outcome === 'stopped'
    ? `${what}; stopped, run again to resume (${total} so far)`
    : `${what}; ${total}`;
}
