import { entitySessionsAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { EntityQueries } from '../entity-query.ts';
import { entityParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** One entity's sessions, newest first. */
export function entitySessionsRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new EntityQueries(dataset, view, sql);
  const schema = {
    summary: "One entity's sessions, newest first",
    params: entityParameters,
    response: answers(entitySessionsAnswer),
  };
  app.get('/api/entities/:id/sessions', { schema }, ({ params }) => queries.sessions(params.id));
}
