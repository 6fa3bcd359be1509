import { lakeAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { lake } from '../lake-query.ts';
import { answers } from './answers.ts';

/** The tables of the lake. */
export function lakeRoute(app: App, { view, place }: DashboardContext): void {
  const schema = { summary: 'The tables', response: answers(lakeAnswer) };
  app.get('/api/lake', { schema }, () => lake(view, place));
}
