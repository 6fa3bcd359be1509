import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { readEnvFile } from '../config/env-file.ts';
import type { Dataset } from '../core/dataset.ts';
import { note } from './output.ts';

const ROOT = join(import.meta.dirname, '..');

/** The dataset that .env.local or .env names, as for `make`; empty where none does. */
export const CONFIGURED_DATASET = datasetOfFiles('.env.local', '.env');
/** The dataset of a command that names none: DATASET of the environment, or the configured one. */
export const DEFAULT_DATASET = process.env.DATASET || CONFIGURED_DATASET;

function datasetOfFiles(...files: readonly string[]): string {
  const given = files
    .map((file) => join(ROOT, file))
    .filter((path) => existsSync(path))
    .flatMap((path) => readEnvFile(path).findLast(({ name }) => name === 'DATASET')?.value || []);
  return given[0] ?? '';
}

/**
 * A command with what all commands have: the dataset, `--json`, `--env-file` and `--config`. `dataset` is the
 * one of a command that names none; null: it finds one itself.
 */
export function datasetCommand(
  name: string,
  description: string,
  dataset: string | null = DEFAULT_DATASET,
): Command {
  return withCommonOptions(
    new Command(name)
      .description(description)
      .argument('[dataset]', 'a folder of config/datasets/ or EVENTLAKE_DATASETS', dataset ?? undefined),
  );
}

/** The options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print the result as one JSON document on standard output')
    .option('--env-file <file>', 'read settings from this file too; what is set in the environment wins')
    .option('--config <file>', 'read servers from this INI file too; the environment and --env-file win');
}

/** Reads a whole number above zero. */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

/** Reads a number of readings a second. */
export function rate(text: string): number {
  const value = Number(text);
  if (text !== '' && value >= 0.1 && value <= 10_000) return value;
  throw new InvalidArgumentError('It must be a number from 0.1 to 10000.');
}

/**
 * The file that a dataset is read from unless `--file` says another: that of its source, or
 * `data/<dataset>.csv` (`.ndjson` for JSON lines and for topics); or its `.gz`.
 */
export function defaultFile({ name, source }: Dataset): string {
  if (source.type !== 'file') return `data/${name}.ndjson`;
  return source.path ?? `data/${name}.${source.format}`;
}

/** Printed when a signal has ended a command early. */
export const STOPPED = 'stopped before everything was done; run again to continue';
/**
 * Work that has begun may take so long after the first signal; a batch takes seconds, a store that hangs
 * would take minutes.
 */
const STOP_WITHIN_MS = 30_000;

/**
 * A controller that SIGINT and SIGTERM abort. The process then ends by itself, or after
 * {@link STOP_WITHIN_MS}, or at a second signal: being ended anywhere is harmless.
 */
export function stopOnSignals(): AbortController {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
      setTimeout(() => {
        note(`stopped in the middle of a batch, which took more than ${STOP_WITHIN_MS / 1000} s`, 'warn');
        process.exit(1);
      }, STOP_WITHIN_MS).unref();
    });
  }
  return controller;
}
