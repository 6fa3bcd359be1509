import { datasetsAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { answers } from './answers.ts';

/** The datasets that this server shows. */
export function datasetsRoute(app: App, { datasets }: DashboardContext): void {
  const schema = {
    summary: 'The datasets that are shown, each with its views',
    response: answers(datasetsAnswer),
  };
  app.get('/api/datasets', { schema }, async () => ({ datasets: [...datasets] }));
}
