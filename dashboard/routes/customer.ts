import { customerAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { CustomerQueries } from '../customer-query.ts';
import { customerParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** One customer's profile. */
export function customerRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new CustomerQueries(dataset, view, sql);
  const schema = { summary: 'One profile', params: customerParameters, response: answers(customerAnswer) };
  app.get('/api/customers/:id', { schema }, ({ params }) => queries.profile(params.id));
}
