import { join } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { loadAnyShape, makeFile } from '../generator/make-file.ts';
import { datasetCommand, positive } from './command.ts';
import { bytes, print, table, thousands } from './output.ts';
import { type CommonOptions, readConfiguration } from './session.ts';

interface GenerateOptions extends CommonOptions {
  readonly rows: number;
  readonly seed: number;
  readonly dirty?: number;
  readonly out: string;
}

/** `generate`: synthetic data in the dataset's measured shape. */
export function generateCommand(): Command {
  return datasetCommand(
    'generate',
    "make synthetic data in the dataset's measured shape; the same seed gives the same bytes",
  )
    .requiredOption('--rows <n>', 'rows to make', positive)
    .requiredOption('--seed <n>', 'any whole number', wholeNumber)
    .option('--dirty <share>', 'share of bad lines of every kind, 0 to 1', share)
    .requiredOption('--out <file>', 'file to write; ending in .gz it is compressed')
    .action(async (name: string, options: GenerateOptions) => {
      const { folder } = await readConfiguration(name, options);
      const shape = await loadAnyShape(join(folder, 'shape.yml'));
      const { rows, seed, out, dirty } = options;
      const made = await makeFile(shape, { rows, seed, out, ...(dirty === undefined ? {} : { dirty }) });
      print(options.json ?? false, { file: out, ...made }, (result) => {
        const kinds = Object.entries(result.dirtyLines).filter(([, n]) => n > 0);
        const summary = `${out}: ${thousands(result.rows)} synthetic rows, ${bytes(result.bytes)}`;
        return kinds.length === 0 ? summary : `${summary}\n\n${table(['unusual lines', 'count'], kinds)}`;
      });
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
