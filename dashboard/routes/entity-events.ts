import { entityEventsAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { EntityQueries } from '../entity-query.ts';
import { entityParameters, eventsQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** One entity's events, newest first. */
export function entityEventsRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new EntityQueries(dataset, view, sql);
  const schema = {
    summary: "One entity's events, newest first",
    params: entityParameters,
    querystring: eventsQuery,
    response: answers(entityEventsAnswer),
  };
  app.get('/api/entities/:id/events', { schema }, ({ params, query }) =>
    queries.events(params.id, query.limit, query.offset),
  );
}
