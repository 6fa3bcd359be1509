import { valuesAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { valuesQuery } from '../requests.ts';
import { topValues } from '../values-query.ts';
import { answers } from './answers.ts';

/** The top categories, and the top brands. */
export function overviewValuesRoutes(app: App, { facts }: DashboardContext): void {
  const routes = { categories: 'category', brands: 'brand' } as const;
  for (const name of ['categories', 'brands'] as const) {
    const schema = {
      summary: `The ${name} with the most events`,
      querystring: valuesQuery,
      response: answers(valuesAnswer),
    };
    app.get(`/api/overview/${name}`, { schema }, ({ query: { limit, ...filter } }) =>
      facts.use((current) => topValues(current, routes[name], filter, limit)),
    );
  }
}
