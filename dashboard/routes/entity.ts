import { entityAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { EntityQueries } from '../entity-query.ts';
import { entityParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** One entity's profile. */
export function entityRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new EntityQueries(dataset, view, sql);
  const schema = { summary: 'One profile', params: entityParameters, response: answers(entityAnswer) };
  app.get('/api/entities/:id', { schema }, ({ params }) => queries.profile(params.id));
}
