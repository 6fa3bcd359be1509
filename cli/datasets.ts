import { Command } from 'commander';
import { type DatasetFolder, datasetNames, loadDataset } from '../config/dataset/read.ts';
import {
  aliasOf,
  csvPathOf,
  type Dataset,
  EVENTS_TABLE,
  type Publication,
  REJECTED_TABLE,
  type Source,
  topicOf,
} from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import { defaultFile, withCommonOptions } from './command.ts';
import { print } from './output.ts';
import { type CommonOptions, datasetPlaces, settingsOf } from './session.ts';

/** A dataset as it is listed. */
type Listed =
  | {
      readonly name: string;
      readonly description: string | null;
      readonly folder: string;
      readonly source: Source;
      /** Its tables in the lake. */
      readonly tables: string[];
      readonly publish: Publication[];
    }
  | { readonly name: string /** What is wrong with its file. */; readonly error: string };

/** `datasets`: what may be named as `[dataset]`. */
export function datasetsCommand(): Command {
  const command = new Command('datasets').description(
    'list the datasets: their sources, tables, and where these are published',
  );
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const places = datasetPlaces((await settingsOf(options)).settings);
    const names = await datasetNames(places);
    const datasets = await Promise.all(names.map((name) => listed(places, name)));
    print(options.json ?? false, datasets, (all) => all.map(text).join('\n\n'));
  });
}

async function listed(places: readonly string[], name: string): Promise<Listed> {
  try {
    return describe(await loadDataset(places, name));
  } catch (error) {
    if (error instanceof EventlakeError) return { name, error: error.message };
    throw error;
  }
}

function describe({ dataset, folder }: DatasetFolder): Listed {
  const { name, description = null, models, publish } = dataset;
  return {
    name,
    description,
    folder,
    source: placed(dataset),
    tables: [EVENTS_TABLE, REJECTED_TABLE, ...models.map(({ table }) => table)],
    publish: publish.map((one) => placedPublication(dataset, one)),
  };
}

/** The source with the file or topic that it stands for. */
function placed(dataset: Dataset): Source {
  const { source } = dataset;
  if (source.type === 'file') return { ...source, path: defaultFile(dataset) };
  return source.type === 'topic' ? { ...source, topic: topicOf(dataset) } : source;
}

/** The publication with the index or file that it stands for. */
function placedPublication(dataset: Dataset, one: Publication): Publication {
  switch (one.to) {
    case 'csv':
      return { ...one, path: csvPathOf(dataset) };
    case 'elasticsearch':
      return { ...one, index: aliasOf(dataset, one) };
    case 'postgres':
      return one;
  }
}

function publicationText(one: Publication): string {
  const place = one.to === 'csv' ? one.path : one.to === 'elasticsearch' ? one.index : one.schema;
  return `${one.table} to ${one.to} (${place})`;
}

function text(dataset: Listed): string {
  if ('error' in dataset) return `${dataset.name}\n  invalid: ${dataset.error}`;
  const { name, description, folder, source, tables, publish } = dataset;
  return [
    name,
    ...(description === null ? [] : [`  ${description}`]),
    `  source:     ${sourceText(source)}`,
    `  tables:     ${tables.join(', ')}`,
    `  published:  ${publish.map(publicationText).join(', ') || 'nothing'}`,
    `  folder:     ${folder}`,
  ].join('\n');
}

function sourceText(source: Source): string {
  switch (source.type) {
    case 'file':
      return `file (${source.format}) ${source.path}`;
    case 'topic':
      return `topic (${source.format}) ${source.topic}`;
    case 'generator':
      return `generator (${source.rate} a second)`;
  }
}
