import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { loadAnyShape, makeFile } from '../generator/make-file.ts';
import { datasetCommand, positive, rate, stopOnSignals } from './command.ts';
import { generateReadings } from './generate-readings.ts';
import { openMonitor } from './monitoring.ts';
import { bytes, counted, note, print, table, thousands } from './output.ts';
import { type CommonOptions, openSession, readConfiguration } from './session.ts';

interface GenerateOptions extends CommonOptions {
  readonly rows?: number;
  readonly seed?: number;
  readonly dirty?: number;
  readonly out?: string;
  readonly follow?: boolean;
  readonly rate?: number;
  readonly late?: number;
}

/** `generate`: synthetic data in the dataset's shape, as a file, or with --follow as readings in the log. */
export function generateCommand(): Command {
  return datasetCommand(
    'generate',
    "make synthetic data in the dataset's measured shape; the same seed gives the same bytes",
  )
    .option('--rows <n>', 'rows to make (required); with --follow: stop after so many', positive)
    .option('--seed <n>', 'any whole number (required; with --follow: 1 unless given)', wholeNumber)
    .option('--dirty <share>', 'share of bad lines of every kind, 0 to 1', share)
    .addOption(
      new Option('--out <file>', 'file to write (required); ending in .gz it is compressed').conflicts(
        'follow',
      ),
    )
    .option('--follow', "write readings of the dataset's generator into the log until SIGINT or SIGTERM")
    .option('--rate <n>', 'with --follow: readings a second, 0.1 to 10000', rate)
    .option('--late <share>', 'with --follow: share of readings that are sent late, 0 to 1', share)
    .action((name: string, options: GenerateOptions) =>
      options.follow ? generateIntoLog(name, options) : generateFile(name, options),
    );
}

async function generateIntoLog(name: string, options: GenerateOptions): Promise<void> {
  const { signal } = stopOnSignals();
  const session = await openSession(name, options, 'ingest', signal);
  try {
    note('stop with Ctrl-C');
    const result = await generateReadings(session, options, signal, await openMonitor(session));
    print(
      options.json ?? false,
      result,
      ({ rows, total }) => `${counted(rows, 'reading')} generated; the log has ${thousands(total)} in all`,
    );
  } finally {
    await session.close();
  }
}

async function generateFile(name: string, options: GenerateOptions): Promise<void> {
  const { dataset, folder } = await readConfiguration(name, options);
  const { rows, seed, out, dirty, late } = options;
  if (dataset.source.type === 'generator')
    throw new UsageError('generate:usage', `The readings of ${name} are written into the log`, {
      hint: `Add --follow: eventlake generate ${name} --follow`,
    });
  if (rows === undefined || seed === undefined || out === undefined)
    throw new UsageError('generate:usage', 'generate needs --rows, --seed and --out', {
      hint: `Such as: eventlake generate ${name} --rows 20000 --seed 7 --out data/new.csv`,
    });
  if (late !== undefined || options.rate !== undefined)
    throw new UsageError('generate:usage', '--rate and --late are for --follow');
  const shape = await loadAnyShape(join(folder, 'shape.yml'));
  const made = await makeFile(shape, { rows, seed, out, ...(dirty === undefined ? {} : { dirty }) });
  print(options.json ?? false, { file: out, ...made }, (result) => {
    const kinds = Object.entries(result.dirtyLines).filter(([, n]) => n > 0);
    const summary = `${out}: ${thousands(result.rows)} synthetic rows, ${bytes(result.bytes)}`;
    return kinds.length === 0 ? summary : `${summary}\n\n${table(['unusual lines', 'count'], kinds)}`;
  });
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function share(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
}
