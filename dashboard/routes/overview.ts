import { overviewAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { overview } from '../overview-query.ts';
import { filterQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** Totals, funnel and segments. */
export function overviewRoute(app: App, { dataset, facts }: DashboardContext): void {
  const schema = {
    summary: 'Totals, funnel and segments',
    querystring: filterQuery,
    response: answers(overviewAnswer),
  };
  app.get('/api/overview', { schema }, ({ query }) =>
    facts.use((current) => overview(current, dataset.name, query)),
  );
}
