import { Command, InvalidArgumentError } from 'commander';
import { stopOnSignals, withCommonOptions } from './command.ts';
import { datasetsToShow } from './dashboard-datasets.ts';
import { type CommonOptions, openSession } from './session.ts';

/** Where the dashboard listens unless told otherwise: reachable from this machine only. */
export const PORT = 8080;
export const HOST = '127.0.0.1';

/** Where the dashboard listens. */
export interface DashboardOptions extends CommonOptions {
  readonly port: number;
  readonly host: string;
  /**
   * The address by which it is reached where that is another one, as that of a published port; it decides
   * whether a token is asked for.
   */
  readonly reachedAt?: string;
  /** The CSV file of the live readings where it is not the dataset's own. */
  readonly csv?: string | undefined;
}

/** `dashboard`: the page over one dataset or all of them, until it is stopped. */
export function dashboardCommand(): Command {
  const command = new Command('dashboard')
    .description('a page that shows the lake, the profiles and the pipeline')
    .argument('[dataset]', 'a folder of config/datasets/ or EVENTLAKE_DATASETS; all of them when absent');
  return withCommonOptions(command)
    .option('--port <n>', 'port to listen on; 0 takes a free one', port, PORT)
    .option('--host <host>', 'address to listen on', HOST)
    .option('--reached-at <host>', 'the address by which it is reached, where another program passes it on')
    .action(async (name: string | undefined, options: DashboardOptions) => {
      const [first, ...others] = await datasetsToShow(name, options);
      const session = await openSession(first.name, options, 'look');
      // Loaded only here: it would double the time that other commands take to start.
      const { serveDashboard } = await import('./serve-dashboard.ts');
      try {
        await serveDashboard(session, options, stopOnSignals().signal, others);
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
