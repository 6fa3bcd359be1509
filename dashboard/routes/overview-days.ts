import { daysAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { eventsByDay } from '../days-query.ts';
import { filterQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** Events and revenue by day. */
export function overviewDaysRoute(app: App, { dataset, facts }: DashboardContext): void {
  const schema = {
    summary: 'Events by day and type',
    querystring: filterQuery,
    response: answers(daysAnswer),
  };
  app.get('/api/overview/days', { schema }, ({ query }) =>
    facts.use((current) => eventsByDay(current, dataset, query)),
  );
}
