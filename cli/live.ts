import type { Command } from 'commander';
import { datasetNames, loadDataset } from '../config/dataset/read.ts';
import { UsageError } from '../core/errors.ts';
import { datasetCommand, rate, stopOnSignals } from './command.ts';
import { HOST, port } from './dashboard-options.ts';
import { exportToCsv, openCsv } from './export.ts';
import { generateReadings, generatorOf } from './generate-readings.ts';
import { requireFreePort } from './listening.ts';
import { note, thousands } from './output.ts';
import { follow } from './process.ts';
import { processContext } from './process-context.ts';
import { type CommonOptions, datasetPlaces, openSession, type Session, settingsOf } from './session.ts';
import { showDashboard } from './show-dashboard.ts';
import { observerOf, StageNotes } from './stage-reports.ts';

/** The CSV file stays so small, however long it runs. */
const ROTATE_BYTES = 50_000_000;

interface LiveOptions extends CommonOptions {
  readonly rate?: number;
  readonly port?: number;
  readonly csv?: string;
}

/**
 * `live`: generator, processing, CSV export and page in one process, on local files regardless of the
 * environment.
 */
export function liveCommand(): Command {
  return datasetCommand('live', 'simulated readings, from the generator to the page, on local files', null)
    .option('--rate <n>', 'readings a second, 0.1 to 10000 (default: as the dataset says)', rate)
    .option('--port <n>', 'port of the page; 0 takes a free one (default: 8080, or a free one)', port)
    .option('--csv <file>', 'CSV file to write (default: data/<dataset>.csv below EVENTLAKE_HOME)')
    .action(async (given: string | undefined, options: LiveOptions) => {
      const stop = stopOnSignals();
      const embedded = { ...options, embedded: true };
      const name = given || (await generatedDataset(embedded));
      const session = await openSession(name, embedded, 'ingest', stop.signal);
      try {
        await runLive(session, options, stop);
      } finally {
        await session.close();
      }
    });
}

/** The first dataset whose source is a generator. */
async function generatedDataset(options: CommonOptions): Promise<string> {
  const places = datasetPlaces((await settingsOf(options)).settings);
  for (const name of await datasetNames(places)) {
    // A dataset that is not valid is none to take by itself.
    const found = await loadDataset(places, name).catch(() => null);
    if (found?.dataset.source.type === 'generator') return name;
  }
  throw new UsageError('generate:usage', 'No dataset has a generator as its source', {
    hint: 'docs/adding-a-dataset.md says how one is described.',
  });
}

/** Runs all parts until the signal, or until one fails: then the others end, too. */
async function runLive(
  session: Session,
  { rate: perSecond, port: wanted, csv, json }: LiveOptions,
  stop: AbortController,
): Promise<void> {
  const { signal } = stop;
  generatorOf(session.dataset);
  // All parts find the log, and none begins where another could not.
  const { id } = await session.log.open();
  if (wanted) await requireFreePort(HOST, wanted);
  await requireFile(session, csv, id);
  let failure: unknown;
  const part = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      failure ??= error;
      stop.abort();
      return null;
    });
  const rotation = { ...(csv === undefined ? {} : { csv }), rotate: ROTATE_BYTES };
  const [generated, archived, exported] = await Promise.all([
    part(generateReadings(session, perSecond === undefined ? {} : { rate: perSecond }, signal, null)),
    part(processOn(session, stop)),
    part(exportToCsv(session, rotation, true, signal, null)),
    part(showDashboard(session, { port: wanted, json, csv }, signal)),
  ]);
  if (failure !== undefined) throw failure;
  const counts = [
    `${thousands(generated?.rows ?? 0)} readings generated`,
    `${thousands(exported?.rows ?? 0)} in the CSV file`,
    `${thousands(archived?.events ?? 0)} in the lake`,
  ];
  note(`stopped: ${counts.join(', ')}; what is missing follows at the next start`, 'info', {
    event: 'stopped',
  });
}

/** Opens the CSV file as the export will, and closes it. @throws as {@link CsvEventFile.open} */
async function requireFile(session: Session, csv: string | undefined, logId: string): Promise<void> {
  const file = openCsv(session, csv);
  await file.open(logId).finally(() => file.close());
}

async function processOn(session: Session, stop: AbortController) {
  const notes = new StageNotes(session.dataset, { commits: false, renewals: false });
  const context = await processContext(session, { observe: observerOf([notes]) });
  return (await follow(session, context, stop)).archive;
}
