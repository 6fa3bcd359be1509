import { auditAnswer } from '../api.ts';
import type { App } from '../app.ts';
import type { DashboardContext } from '../context.ts';
import { answers } from './answers.ts';

/** Every row at every stage, and whether they balance. */
export function auditRoute(app: App, { audits }: DashboardContext): void {
  const schema = {
    summary: 'Every row at every stage, and whether they balance',
    response: answers(auditAnswer),
  };
  app.get('/api/audit', { schema }, () => audits.now());
}
