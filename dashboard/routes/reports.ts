import { reportsAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { answers } from './answers.ts';

/** The reports that the dataset's folder holds. */
export function reportsRoute(app: App, { reports }: DashboardContext): void {
  const schema = {
    summary: "The dataset's reports, and the days that have facts",
    response: answers(reportsAnswer),
  };
  app.get('/api/reports', { schema }, () => reports.list());
}
