import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { name as datasetName } from '../../core/dataset/name.ts';
import type { Dataset, Model } from '../../core/dataset.ts';
import { UsageError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { parseDataset } from './parse.ts';

/** The datasets that come with the project. */
export const DATASETS = join(import.meta.dirname, '..', 'datasets');

/**
 * A dataset, and the folder that holds its files: `dataset.yml`, the models' SQL, and where they are wanted
 * `shape.yml` and `kibana.yml`.
 */
export interface DatasetFolder {
  readonly dataset: Dataset;
  readonly folder: string;
}

/**
 * Reads `<name>/dataset.yml` of the first of these folders that has it.
 * @throws UsageError `dataset:unknown` where none has it, `dataset:old_place` where one has `<name>.yml`,
 *   `dataset:invalid`.
 */
export async function loadDataset(places: readonly string[], name: string): Promise<DatasetFolder> {
  if (!datasetName.safeParse(name).success)
    throw new UsageError('dataset:unknown', `"${name}" is not a dataset's name`, {
      hint: /[./]/.test(name) ? `A file is named with --file ${name}.` : await knownNames(places, name),
    });
  for (const place of places) {
    const folder = join(place, name);
    const file = join(folder, 'dataset.yml');
    const text = await textOf(file);
    if (text !== null) return { dataset: checkName(parseDataset(text, file), name, file), folder };
    await refuseOldPlace(place, name);
  }
  for (const place of places) await refuseEmptyFolder(join(place, name));
  throw new UsageError(
    'dataset:unknown',
    `There is no dataset "${name}": no ${places.map((place) => join(place, name, 'dataset.yml')).join(' and no ')}`,
    {
      hint: `${await knownNames(places, name)} A dataset is a folder with a dataset.yml, here or in the folder that EVENTLAKE_DATASETS names: docs/adding-a-dataset.md.`,
    },
  );
}

/** The datasets in these places, which are the folders with a `dataset.yml`; sorted, each once. */
export async function datasetNames(places: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const place of places) {
    for (const name of await readdir(place).catch(() => []))
      if (!name.startsWith('.') && (await exists(join(place, name, 'dataset.yml')))) names.add(name);
  }
  return [...names].sort();
}

/** The datasets for a hint, the one with the most similar name first. */
async function knownNames(places: readonly string[], wanted: string): Promise<string> {
  const names = await datasetNames(places);
  const similar = nearest(wanted, names);
  const question = similar === null ? '' : `Did you mean ${similar}? `;
  return `${question}The datasets are: ${names.join(', ') || 'none'}.`;
}

/** The text of a model's SQL. */
export async function modelQuery({ dataset, folder }: DatasetFolder, { sql }: Model): Promise<string> {
  const file = join(folder, sql ?? '');
  const text = await textOf(file);
  if (text !== null) return text;
  throw new UsageError('dataset:invalid', `${file}, the SQL of a model of ${dataset.name}, is missing`, {
    hint: `It is a file beside ${join(folder, 'dataset.yml')}.`,
  });
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return null;
    throw new UsageError('dataset:unknown', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function checkName(dataset: Dataset, name: string, file: string): Dataset {
  if (dataset.name === name) return dataset;
  throw new UsageError(
    'dataset:invalid',
    `${file}: name: is "${dataset.name}", but the folder's name says "${name}"`,
  );
}

/** Datasets were single files once, with their models' SQL elsewhere: a person is told what to move. */
async function refuseOldPlace(place: string, name: string): Promise<void> {
  const old = join(place, `${name}.yml`);
  if (!(await exists(old))) return;
  const folder = join(place, name);
  throw new UsageError('dataset:old_place', `${old}: a dataset is a folder with a dataset.yml`, {
    hint: `Move it: mkdir -p ${folder} && mv ${old} ${join(folder, 'dataset.yml')}. Its model's SQL belongs beside it in ${folder}, and its shape as shape.yml.`,
  });
}

/** @throws UsageError `dataset:unknown` where the folder is there without its `dataset.yml` */
async function refuseEmptyFolder(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  throw new UsageError('dataset:unknown', `${folder} is no dataset: it has no dataset.yml`, {
    hint: `Describe the dataset in ${join(folder, 'dataset.yml')}: docs/adding-a-dataset.md.`,
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
