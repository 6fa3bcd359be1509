import { sqlAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { sqlBody } from '../requests.ts';
import { TypedQueries } from '../typed-query.ts';
import { answers } from './answers.ts';

/** A query over the tables, a page of rows at a time. */
export function sqlRoute(app: App, { dataset, view, sandbox }: DashboardContext): void {
  const queries = new TypedQueries(dataset, view, sandbox);
  const schema = { summary: 'Run one SELECT over the tables', body: sqlBody, response: answers(sqlAnswer) };
  app.post('/api/sql', { schema }, ({ body: { sql, limit, offset } }) => queries.page(sql, limit, offset));
}
