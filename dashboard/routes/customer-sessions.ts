import { customerSessionsAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { CustomerQueries } from '../customer-query.ts';
import { customerParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** One customer's sessions, newest first. */
export function customerSessionsRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new CustomerQueries(dataset, view, sql);
  const schema = {
    summary: "One customer's sessions, newest first",
    params: customerParameters,
    response: answers(customerSessionsAnswer),
  };
  app.get('/api/customers/:id/sessions', { schema }, ({ params }) => queries.sessions(params.id));
}
