import { join } from 'node:path';
import { DuckDbSandbox } from '../adapters/sql-sandbox-duckdb.ts';
import { EventlakeError, UsageError } from '../core/errors.ts';
import { Audits } from '../dashboard/audits.ts';
import { FactsStore } from '../dashboard/facts.ts';
import { LakeView } from '../dashboard/lake-view.ts';
import { PipelineWatcher } from '../dashboard/pipeline-watcher.ts';
import { dashboardServer } from '../dashboard/server.ts';
import type { DashboardOptions } from './dashboard.ts';
import { note, print } from './output.ts';
import { openSql, type Session } from './session.ts';

const PAGE = join(import.meta.dirname, '..', 'dashboard', 'web', 'dist');
/** Panels count in one pass over facts, which needs little; sorting customers needs more. */
const PANELS_MB = 400;
const BUILDER_MB = 400;
const SANDBOX = { milliseconds: 15_000, memoryMb: 400, processMb: 1000, atOnce: 2 };

/** Serves the dashboard until the signal is raised. */
export async function serveDashboard(
  session: Session,
  { host, port, json }: DashboardOptions,
  signal: AbortSignal,
): Promise<void> {
  const { dataset, log, index, files, store, settings, temporary, openTable } = session;
  const panels = await openSql(settings, PANELS_MB);
  const builder = await openSql(settings, BUILDER_MB);
  const warn = (error: Error) => note(`warning: ${error.message}`, 'warn');
  const view = new LakeView(dataset, files, openTable);
  const folder = join(settings.home, 'cache', 'dashboard');
  const facts = new FactsStore({ dataset, view, panels, builder, folder, warn });
  const server = await dashboardServer(
    {
      dataset,
      log,
      index,
      place: store.description,
      view,
      facts,
      sql: panels,
      sandbox: new DuckDbSandbox({ ...SANDBOX, temporary }),
      audits: new Audits({ dataset, log, index, view, sql: builder }),
      watcher: new PipelineWatcher({ log, index, view }),
    },
    { host, page: PAGE, report: (error) => note(`error: ${error.stack ?? error.message}`, 'error') },
  );
  try {
    const address = await server.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
      throw cannotListen(host, port, cause);
    });
    // The first who looks need not wait for it.
    facts.refresh().catch(() => {});
    print(
      json ?? false,
      { dataset: dataset.name, address },
      () => `dashboard of ${dataset.name}: ${address}`,
    );
    note('stop with Ctrl-C');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await server.close();
    await Promise.all([panels.close(), builder.close()]);
  }
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): EventlakeError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new EventlakeError('dashboard:port_in_use', `Port ${port} of ${host} is in use`, {
        hint: 'Another dashboard? Take another port: --port 8081',
        cause,
      });
    case 'EACCES':
      return new EventlakeError(
        'dashboard:port_forbidden',
        `Port ${port} may not be listened on by this user`,
        {
          hint: 'Take a port above 1023.',
          cause,
        },
      );
    default:
      return new UsageError('dashboard:bad_host', `--host ${host}: ${cause.message}`, { cause });
  }
}
