import { spendAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { filterQuery } from '../requests.ts';
import { spendDistribution } from '../spend-query.ts';
import { answers } from './answers.ts';

/** How much entities have spent. */
export function overviewSpendRoute(app: App, { facts }: DashboardContext): void {
  const schema = {
    summary: 'Entities by money spent',
    querystring: filterQuery,
    response: answers(spendAnswer),
  };
  app.get('/api/overview/spend', { schema }, ({ query }) =>
    facts.use((current) => spendDistribution(current, query)),
  );
}
