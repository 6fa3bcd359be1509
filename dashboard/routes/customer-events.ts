import { customerEventsAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { CustomerQueries } from '../customer-query.ts';
import { customerParameters, eventsQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** One customer's events, newest first. */
export function customerEventsRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new CustomerQueries(dataset, view, sql);
  const schema = {
    summary: "One customer's events, newest first",
    params: customerParameters,
    querystring: eventsQuery,
    response: answers(customerEventsAnswer),
  };
  app.get('/api/customers/:id/events', { schema }, ({ params, query }) =>
    queries.events(params.id, query.limit, query.offset),
  );
}
