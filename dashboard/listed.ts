import { type Dataset, modelOf } from '../core/dataset.ts';
import { DATASETS_PATH } from './addresses.ts';
import type { DatasetsAnswer } from './api.ts';

/** A dataset as the page's navigation lists it; the first one is shown at `/`. */
export type ListedDataset = DatasetsAnswer['datasets'][number];

/** The datasets, each with the views it has: what moves comes first, and only a model has rows of its own. */
export function listDatasets(datasets: readonly Dataset[]): ListedDataset[] {
  return datasets.map((dataset, i) => {
    const { name, description = null, live, reports, entity } = dataset;
    return {
      name,
      description,
      path: i === 0 ? '' : `${DATASETS_PATH}${name}`,
      views: [
        ...(live ? (['live'] as const) : []),
        'overview',
        ...(reports ? (['reports'] as const) : []),
        ...(modelOf(dataset) ? (['entities'] as const) : []),
        'pipeline',
        'lake',
      ],
      entities: entity.plural,
    };
  });
}
