import { hasCode } from '../core/errors.ts';
import { HOST, PORT } from './dashboard-options.ts';
import type { Session } from './session.ts';

/** What is shown, and where. */
export interface Shown {
  /** The usual one when absent, or a free one where that is in use. */
  readonly port?: number | undefined;
  readonly json?: boolean | undefined;
  /** The CSV file of the live readings where it is not the dataset's own. */
  readonly csv?: string | undefined;
}

/** Serves the dashboard on this machine until the signal is raised. */
export async function showDashboard(
  session: Session,
  { port, json = false, csv }: Shown,
  signal: AbortSignal,
) {
  // Loaded only here: it would double the time that other commands take to start.
  const { serveDashboard } = await import('./serve-dashboard.ts');
  try {
    await serveDashboard(session, { host: HOST, port: port ?? PORT, json, csv }, signal);
  } catch (error) {
    if (port !== undefined || !hasCode(error, 'dashboard:port_in_use')) throw error;
    await serveDashboard(session, { host: HOST, port: 0, json, csv }, signal);
  }
}
