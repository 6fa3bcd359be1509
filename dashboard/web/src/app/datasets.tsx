import type { DatasetsAnswer } from '../../../api.ts';
import { capitalized } from './format.ts';

type Listed = DatasetsAnswer['datasets'][number];

/** The views of a dataset, with their paths below it. */
export function viewsOf({ views, entities }: Listed): { path: string; name: string }[] {
  const known = {
    live: { path: '/live', name: 'Live' },
    overview: { path: '/', name: 'Overview' },
    reports: { path: '/reports', name: 'Reports' },
    entities: { path: '/entities', name: capitalized(entities) },
    pipeline: { path: '/pipeline', name: 'Pipeline' },
    lake: { path: '/lake', name: 'Lake' },
  };
  return views.map((view) => known[view]);
}

/** The name of the dataset that is shown; where there are several, a list of all, each with its views. */
export function Datasets({ datasets, shown }: { datasets: readonly Listed[]; shown: string }) {
  if (datasets.length === 1) return <span className="dataset">{shown}</span>;
  return (
    <details
      className="datasets"
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) currentTarget.open = false;
      }}
      onKeyDown={({ key, currentTarget }) => {
        if (key === 'Escape') currentTarget.open = false;
      }}
    >
      <summary>{shown}</summary>
      <nav aria-label="Datasets">
        <ul>
          {datasets.map((dataset) => (
            <li key={dataset.name}>
              <strong>{dataset.name}</strong>
              {dataset.description && <span className="hint">{dataset.description}</span>}
              <span className="dataset-views">
                {viewsOf(dataset).map(({ path, name }) => (
                  // Another dataset is another document.
                  <a key={path} href={dataset.path + path} aria-label={`${dataset.name}: ${name}`}>
                    {name}
                  </a>
                ))}
              </span>
            </li>
          ))}
        </ul>
      </nav>
    </details>
  );
}
