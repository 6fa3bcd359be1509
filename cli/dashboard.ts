import { Command } from 'commander';
import { stopOnSignals, withCommonOptions } from './command.ts';
import { datasetsToShow } from './dashboard-datasets.ts';
import { type DashboardOptions, HOST, PORT, port } from './dashboard-options.ts';
import { openSession } from './session.ts';

/** `dashboard`: the page over one dataset or all of them, until it is stopped. */
export function dashboardCommand(): Command {
  const command = new Command('dashboard')
    .description('a page that shows the lake, the tables made from it, and the pipeline')
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
