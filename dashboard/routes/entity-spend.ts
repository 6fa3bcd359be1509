import { entitySpendAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { EntityQueries } from '../entity-query.ts';
import { entityParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** What one entity has spent, day by day. */
export function entitySpendRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new EntityQueries(dataset, view, sql);
  const schema = {
    summary: 'What one entity has spent over time',
    params: entityParameters,
    response: answers(entitySpendAnswer),
  };
  app.get('/api/entities/:id/spend', { schema }, ({ params }) => queries.spend(params.id));
}
