import type { Command } from 'commander';
import { datasetNames } from '../config/dataset/read.ts';
import { keyOf, modelOf } from '../core/dataset.ts';
import { EventlakeError, UsageError } from '../core/errors.ts';
import type { Row } from '../core/row.ts';
import { profileOf, requireInt64 } from '../inspection/rows.ts';
import { DEFAULT_DATASET, datasetCommand } from './command.ts';
import { cell, print } from './output.ts';
import { type CommonOptions, datasetPlaces, openSession, settingsOf } from './session.ts';

/** `profile`: one row of the derived table. `profile KEY` takes the default dataset. */
export function profileCommand(): Command {
  const command = datasetCommand('profile', 'one profile, by its key');
  return command
    .argument('[key]', 'the key of the profile')
    .usage('[options] [dataset] <key>')
    .action(async (first: string, second: string | undefined, options: CommonOptions) => {
      const [name, key] = second === undefined ? [DEFAULT_DATASET, first] : [first, second];
      if (second === undefined && (await isDataset(first, options)))
        throw new UsageError('profile:no_key', 'Whose profile? Give its key, as in: eventlake profile <key>');
      const session = await openSession(name, options, 'look');
      try {
        const { dataset, profiles, files, sql } = session;
        const model = modelOf(dataset);
        if (!model || !profiles)
          throw new UsageError(
            'profile:no_model',
            `The dataset ${dataset.name} has no model, and so no profiles`,
          );
        const keyType = dataset.columns.find((column) => column.name === keyOf(model))?.type;
        // Also where there is no table yet.
        if (keyType === 'int64') requireInt64(keyOf(model), key);
        const profile = await profileOf(model, profiles, files, sql, key);
        if (!profile) {
          throw new EventlakeError('profile:unknown', `There is no profile of ${keyOf(model)} ${key}`, {
            hint: 'Are all events processed? See: make status',
          });
        }
        print(options.json ?? false, profile, profileText);
      } finally {
        await session.close();
      }
    });
}

async function isDataset(name: string, options: CommonOptions): Promise<boolean> {
  const { settings } = await settingsOf(options);
  return (await datasetNames(datasetPlaces(settings))).includes(name);
}

function profileText(profile: Row): string {
  const width = Math.max(...Object.keys(profile).map((name) => name.length));
  return Object.entries(profile)
    .map(([name, value]) => `  ${name.padEnd(width)}  ${cell(value)}`)
    .join('\n');
}
