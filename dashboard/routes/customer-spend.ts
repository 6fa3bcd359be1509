import { customerSpendAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { CustomerQueries } from '../customer-query.ts';
import { customerParameters } from '../requests.ts';
import { answers } from './answers.ts';

/** What one customer has spent, day by day. */
export function customerSpendRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const queries = new CustomerQueries(dataset, view, sql);
  const schema = {
    summary: 'What one customer has spent over time',
    params: customerParameters,
    response: answers(customerSpendAnswer),
  };
  app.get('/api/customers/:id/spend', { schema }, ({ params }) => queries.spend(params.id));
}
