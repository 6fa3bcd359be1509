import { Command, InvalidArgumentError } from 'commander';

/** The dataset of a command that names none. */
export const DEFAULT_DATASET = 'electronics';

/** A command with what all commands have: the dataset, `--json` and `--env-file`. */
export function datasetCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('[dataset]', 'a folder of config/datasets/ or EVENTLAKE_DATASETS', DEFAULT_DATASET)
    .option('--json', 'print the result as one JSON document on standard output')
    .option('--env-file <file>', 'read settings from this file too; what is set in the environment wins');
}

/** Reads a whole number above zero. */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

/** The file that a dataset is read from unless `--file` says another: `data/<dataset>.csv`, or its `.gz`. */
export function defaultFile(dataset: string): string {
  return `data/${dataset}.csv`;
}

/** A signal that is raised by SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
