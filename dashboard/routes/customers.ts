import { customersAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { customers } from '../customers-query.ts';
import { customersQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** Customers, a page at a time. */
export function customersRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const schema = {
    summary: 'Customers: search, sort, page',
    querystring: customersQuery,
    response: answers(customersAnswer),
  };
  app.get('/api/customers', { schema }, ({ query }) => customers(dataset, view, sql, query));
}
