import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Dataset } from '../core/dataset.ts';
import { type IngestResult, ingest } from '../ingestion/ingest.ts';
import { openSource, type SourceFile } from '../ingestion/source-file.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { datasetCommand, defaultFile, positive, stopSignal } from './command.ts';
import { openMonitor } from './monitoring.ts';
import { bytes, counted, note, print, record } from './output.ts';
import { Progress } from './progress.ts';
import { type CommonOptions, openSession, type Session } from './session.ts';

/** Rows that are committed together unless `--batch-size` says otherwise. */
export const CHUNK_ROWS = 20_000;

/** Options of `ingest`. */
export interface IngestOptions extends CommonOptions {
  readonly file?: string;
  readonly again?: boolean;
  readonly limit?: number;
  readonly batchSize: number;
}

/** `ingest`: a file into the log. */
export function ingestCommand(): Command {
  return withIngestOptions(
    datasetCommand(
      'ingest',
      'read a CSV file into the log, each row exactly once; run again, it goes on where it stopped',
    ),
  ).action(async (name: string, options: IngestOptions) => {
    const session = await openSession(name, options, 'write');
    try {
      const signal = stopSignal();
      const result = await ingestFile(session, options, signal, await openMonitor(session));
      print(options.json ?? false, result, ingestSummary);
      if (signal.aborted) process.exitCode = 1;
    } finally {
      await session.close();
    }
  });
}

/** Adds the options that say what to ingest. */
export function withIngestOptions(command: Command): Command {
  return command
    .option('--file <file>', 'the CSV file, plain or gzip (default: data/<dataset>.csv)')
    .option('--again', 'ingest the file anew, though it is known')
    .option('--limit <rows>', 'stop after this many rows', positive)
    .option('--batch-size <rows>', 'rows that are committed together', positive, CHUNK_ROWS);
}

/** Ingests the file that the options name, showing progress; the monitor, if there is one, hears of it. */
export async function ingestFile(
  session: Session,
  options: IngestOptions,
  signal: AbortSignal,
  monitor: Monitor | null,
): Promise<IngestResult> {
  const source = await inputFile(session.dataset, options.file);
  const progress = new Progress(source.size);
  record(`ingest: ${source.path}, ${bytes(source.size)}`, {
    ...{ event: 'ingest_started', hop: 'ingest', file: source.path, bytes: source.size },
  });
  try {
    const result = await ingest(session.log, {
      dataset: session.dataset,
      source,
      again: options.again ?? false,
      limit: options.limit,
      chunkRows: options.batchSize,
      warn: (message) => note(`warning: ${message}`, 'warn'),
      onRetry(error) {
        monitor?.failed('ingest', error.message);
        const { message, code } = error;
        const details = { event: 'retry', hop: 'ingest', code };
        note(`warning: ${message}; going on from the last committed row`, 'warn', details);
      },
      onCommit: (chunk) => monitor?.chunkCommitted(chunk),
      onProgress: (state) => progress.show(state),
      signal,
    });
    monitor?.succeeded('ingest');
    const { outcome, rows, events, deadLetters } = result;
    const details = { event: 'ingest_finished', hop: 'ingest', outcome, rows, events, deadLetters };
    record(`ingest: ${ingestSummary(result)}`, details);
    return result;
  } finally {
    progress.end();
  }
}

/** The input file, by the path that people see: relative where it is below the current folder. */
export async function inputFile(dataset: Dataset, file: string | undefined): Promise<SourceFile> {
  const plain = defaultFile(dataset.name);
  const chosen = file ?? (!existsSync(plain) && existsSync(`${plain}.gz`) ? `${plain}.gz` : plain);
  const below = relative('.', resolve(chosen)) || '.';
  const from = dataset.source ? `The real file is to be had at ${dataset.source}. ` : '';
  const hint = `Save it as ${plain}, or name another with --file. ${from}Synthetic data: make data`;
  return openSource(below.startsWith('..') ? resolve(chosen) : below, hint);
}

/** What ingest did, in a sentence. */
export function ingestSummary({ outcome, rows, events, deadLetters, entry }: IngestResult): string {
  if (!entry) return 'nothing to ingest: the file is empty';
  const total = `${counted(entry.rows, 'row')} of ${entry.file} ${entry.rows === 1 ? 'is' : 'are'} in the log`;
  if (outcome === 'nothing_new') return `nothing new: all ${total} (ingest it anew with --again)`;
  const dead = deadLetters > 0 ? `, ${counted(deadLetters, 'dead letter')} (see: make rejected)` : '';
  const what = `${outcome === 'continued' ? 'continued: ' : ''}${counted(rows, 'row')} → ${counted(events, 'event')}${dead}`;
  return outcome === 'stopped'
    ? `${what}; stopped, run again to go on (${total} so far)`
    : `${what}; ${total}`;
}
