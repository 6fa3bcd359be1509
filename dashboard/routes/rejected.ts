import { rejectedRows } from '../../inspection/rows.ts';
import { rejectedAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { plainRows } from '../plain-rows.ts';
import { rejectedQuery } from '../requests.ts';
import { answers } from './answers.ts';

/** What was rejected, and why. */
export function rejectedRoute(app: App, { view, sql }: DashboardContext): void {
  const schema = {
    summary: 'What was rejected',
    querystring: rejectedQuery,
    response: answers(rejectedAnswer),
  };
  app.get('/api/rejected', { schema }, ({ query: { limit, reason } }) =>
    view.readOrNothing(async ({ rejected }) => {
      const report = await rejectedRows(rejected.table, view.files, sql, limit, reason);
      return { ...report, examples: plainRows(report.examples) };
    }),
  );
}
