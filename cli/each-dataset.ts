import { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { DEFAULT_DATASET, withCommonOptions } from './command.ts';
import { print } from './output.ts';
import { type CommonOptions, readConfiguration } from './session.ts';

/** A command that takes several datasets. */
export function datasetsCommand(name: string, description: string): Command {
  return withCommonOptions(
    new Command(name)
      .description(description)
      .argument('[datasets...]', 'folders of config/datasets/ or EVENTLAKE_DATASETS', [DEFAULT_DATASET]),
  );
}

/**
 * Does the work for one dataset after the other, until it fails for one, and prints what it answers: with `--json` the answer for one
 * dataset, and an object of answers by name for several.
 * @param work gives the result and its text for people
 * @throws UsageError `dataset:unknown`, `settings:one_dataset` when several share one topic or index that the environment names
 */
export async function eachDataset(
  given: readonly string[],
  options: CommonOptions,
  work: (name: string) => Promise<{ result: unknown; text: string }>,
): Promise<void> {
  const names = [...new Set(given)];
  const isAlone = names.length === 1;
  if (!isAlone) await checkTogether(names, options);
  const results: Record<string, unknown> = {};
  for (const name of names) {
    const { result, text } = await work(name);
    results[name] = result;
    if (isAlone) print(options.json ?? false, result, () => text);
    else if (!options.json) print(false, result, () => `${name}:\n${text}\n`);
  }
  if (!isAlone && options.json) print(true, results, String);
}

/** All of them must be known, and topic and index have the dataset's name unless the environment names one. */
async function checkTogether(names: readonly string[], options: CommonOptions): Promise<void> {
  for (const name of names) {
    const { topic, elasticsearch } = (await readConfiguration(name, options)).settings;
    const variable = topic !== null ? 'KAFKA_TOPIC' : elasticsearch?.index ? 'ELASTICSEARCH_INDEX' : null;
    if (variable === null) continue;
    throw new UsageError(
      'settings:one_dataset',
      `${variable} is set, which is for one dataset, but ${names.join(', ')} are named`,
      { hint: `Unset ${variable}, or name one dataset at a time.` },
    );
  }
}
