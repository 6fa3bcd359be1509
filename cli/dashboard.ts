import { type Command, InvalidArgumentError } from 'commander';
import { datasetCommand, stopOnSignals } from './command.ts';
import { type CommonOptions, openSession } from './session.ts';

/** Where the dashboard listens unless told otherwise: reachable from this machine only. */
export const PORT = 8080;
export const HOST = '127.0.0.1';

/** Where the dashboard listens. */
export interface DashboardOptions extends CommonOptions {
  readonly port: number;
  readonly host: string;
}

/** `dashboard`: the page over the lake, until it is stopped. */
export function dashboardCommand(): Command {
  return datasetCommand('dashboard', 'a page that shows the lake, the profiles and the pipeline')
    .option('--port <n>', 'port to listen on; 0 takes a free one', port, PORT)
    .option('--host <host>', 'address to listen on', HOST)
    .action(async (name: string, options: DashboardOptions) => {
      const session = await openSession(name, options, 'look');
      // Loaded only here: it would double the time that other commands take to start.
      const { serveDashboard } = await import('./serve-dashboard.ts');
      try {
        await serveDashboard(session, options, stopOnSignals().signal);
      } finally {
        await session.close();
      }
    });
}

/** Reads a port. */
export function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It must be a port, 0 to 65535.');
}
