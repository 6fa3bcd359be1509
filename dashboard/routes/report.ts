import { reportAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { reportParameters, reportQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** One report of a day. */
export function reportRoute(app: App, { reports }: DashboardContext): void {
  const schema = {
    summary: 'One report of a day',
    params: reportParameters,
    querystring: reportQuery,
    response: answers(reportAnswer),
  };
  app.get('/api/reports/:report', { schema }, ({ params, query }) =>
    reports.run(params.report, query.date ?? null),
  );
}
