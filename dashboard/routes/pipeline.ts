import { pipelineAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { answers } from './answers.ts';

/** Where the four stages stand. */
export function pipelineRoute(app: App, { watcher }: DashboardContext): void {
  const schema = { summary: 'Where the four stages stand', response: answers(pipelineAnswer) };
  app.get('/api/pipeline', { schema }, () => watcher.now());
}
