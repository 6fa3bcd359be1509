import { Argument, Command } from 'commander';
import { loadDataset } from '../config/dataset/read.ts';
import type { Settings } from '../config/settings.ts';
import { UsageError } from '../core/errors.ts';
import { DEFAULT_DATASET, withCommonOptions } from './command.ts';
import { forDataset } from './hints.ts';
import { print } from './output.ts';
import type { Access } from './scratch.ts';
import { type CommonOptions, datasetPlaces, openSession, type Session, settingsOf } from './session.ts';

/** A command that takes several datasets. */
export function commandOverDatasets(name: string, description: string): Command {
  return withCommonOptions(
    new Command(name)
      .description(description)
      .addArgument(
        new Argument('[datasets...]', 'folders of config/datasets/ or EVENTLAKE_DATASETS').default(
          [DEFAULT_DATASET],
          `"${DEFAULT_DATASET}"`,
        ),
      ),
  );
}

/** How the session of each dataset is opened. */
interface Opening {
  readonly access: Access;
  readonly signal?: AbortSignal;
}

/**
 * Does the work for one dataset after the other, until it fails for one, and prints what it answers: with
 * `--json` the answer for one dataset, and an object of answers by name for several.
 * @param work gives the result and its text for people; the session is closed after it
 * @throws UsageError `dataset:unknown`, `settings:one_dataset` when several share one topic or index that the
 *   environment names
 */
export async function eachDataset(
  given: readonly string[],
  options: CommonOptions,
  { access, signal }: Opening,
  work: (session: Session) => Promise<{ result: unknown; text: string }>,
): Promise<void> {
  const names = [...new Set(given)];
  const isAlone = names.length === 1;
  if (!isAlone) await checkTogether(names, options);
  const results: Record<string, unknown> = {};
  for (const name of names) {
    const session = await openSession(name, options, access, signal);
    const done = await work(session).finally(() => session.close());
    const { result } = done;
    const text = forDataset(done.text, name);
    results[name] = result;
    if (isAlone) print(options.json ?? false, result, () => text);
    else if (!options.json) print(false, result, () => `${name}:\n${text}\n`);
  }
  if (!isAlone && options.json) print(true, results, String);
}

/**
 * All of them must be known, and topic and index have the dataset's name unless the environment names one.
 */
async function checkTogether(names: readonly string[], options: CommonOptions): Promise<void> {
  const { settings } = await settingsOf(options);
  for (const name of names) await loadDataset(datasetPlaces(settings), name);
  const variable = settingOfOneDataset(settings);
  if (variable === null) return;
  throw new UsageError(
    'settings:one_dataset',
    `${variable} is set, which is for one dataset, but ${names.join(', ')} are named`,
    { hint: `Unset ${variable}, or name one dataset at a time.` },
  );
}

/** The variable that names the topic or the index of one dataset; null where none is set. */
export function settingOfOneDataset({ topic, elasticsearch }: Settings): string | null {
  if (topic !== null) return 'KAFKA_TOPIC';
  return elasticsearch?.index ? 'ELASTICSEARCH_INDEX' : null;
}
