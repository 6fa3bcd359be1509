import { basename, dirname, resolve } from 'node:path';
import { aliasOf, indexPublicationOf } from '../../core/dataset.ts';
import { UsageError } from '../../core/errors.ts';
import { loadDataset } from '../dataset/read.ts';

/**
 * The alias under which the dataset of this folder is published. @throws UsageError when it is not, or when
 * there is no dataset.
 */
export async function publishedAs(folder: string): Promise<string> {
  const path = resolve(folder);
  const { dataset } = await loadDataset([dirname(path)], basename(path));
  const publication = indexPublicationOf(dataset);
  if (publication) return aliasOf(dataset, publication);
  throw new UsageError('dashboard:usage', `${folder}: the dataset is not published, so it has no dashboard`);
}
