import { entitiesAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { entities } from '../entities-query.ts';
import { entitiesQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** Entities, a page at a time. */
export function entitiesRoute(app: App, { dataset, view, sql }: DashboardContext): void {
  const schema = {
    summary: 'The rows of the model: search, sort, page',
    querystring: entitiesQuery,
    response: answers(entitiesAnswer),
  };
  app.get('/api/entities', { schema }, ({ query }) => entities(dataset, view, sql, query));
}
