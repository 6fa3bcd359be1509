import { entityKeyOf, modelOf } from '../../core/dataset.ts';
import { datasetAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { rolesOf } from '../roles.ts';
import { answers } from './answers.ts';

/** The dataset: its columns, the roles they play in the overview, and its model's columns. */
export function datasetRoute(app: App, { dataset, view }: DashboardContext): void {
  const schema = { summary: 'The dataset that is shown', response: answers(datasetAnswer) };
  app.get('/api/dataset', { schema }, async () => {
    const { name, description = null, columns, time, overview, entity, live = null } = dataset;
    const { profiles } = await view.nowOrNothing();
    return {
      name,
      description,
      columns: columns.map(({ name, type }) => ({ name, type })),
      key: entityKeyOf(dataset),
      entity,
      time,
      overview: overview ? rolesOf(dataset, profiles) : null,
      live: live && { by: [...live.by], values: [...live.values] },
      model: modelOf(dataset)?.table ?? null,
      profileColumns: (profiles?.snapshot?.fields ?? []).map(({ name, type }) => ({ name, type })),
    };
  });
}
