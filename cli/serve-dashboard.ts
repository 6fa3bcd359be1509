import { once } from 'node:events';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { DuckDbSandbox } from '../adapters/duckdb/sql-sandbox.ts';
import type { Settings } from '../config/settings.ts';
import type { Dataset } from '../core/dataset.ts';
import { EventlakeError, UsageError } from '../core/errors.ts';
import { Audits } from '../dashboard/audits.ts';
import type { DashboardContext } from '../dashboard/context.ts';
import { FactsStore } from '../dashboard/facts.ts';
import { LakeView } from '../dashboard/lake-view.ts';
import { LiveReadings } from '../dashboard/live/live-readings.ts';
import { PipelineWatcher } from '../dashboard/pipeline-watcher.ts';
import { dashboardServer } from '../dashboard/server.ts';
import type { DashboardOptions } from './dashboard.ts';
import { dashboardToken, isLoopback } from './dashboard-token.ts';
import { note, print } from './output.ts';
import { openSql, type Session } from './session.ts';

const PAGE = join(import.meta.dirname, '..', 'dashboard', 'web', 'dist');
/** Panels count in one pass over facts, which needs little; sorting customers needs more. */
const PANELS_MB = 400;
const BUILDER_MB = 400;
const QUERY_MS = 15_000;
const REQUEST_MS = 30_000;
const SANDBOX = { memoryMb: 400, processMb: 1000, pageBytes: 16_000_000, atOnce: 2 };

/** The dashboard over a session: its server, which does not listen yet. */
export interface Dashboard {
  readonly server: FastifyInstance;
  readonly facts: FactsStore;
  close(): Promise<void>;
}

/**
 * Wires the dashboard. `token` is what visitors must bring, `page` the folder of the built page, `milliseconds` what a typed query may
 * take, `requestMs` how long a request may take to arrive.
 */
export async function openDashboard(
  session: Session,
  host: string,
  {
    token = null,
    page = PAGE,
    milliseconds = QUERY_MS,
    requestMs = REQUEST_MS,
  }: { token?: string | null; page?: string; milliseconds?: number; requestMs?: number } = {},
): Promise<Dashboard> {
  const { dataset, log, index, files, store, cache, temporary, openTable, settings } = session;
  const panels = await openSql(temporary, PANELS_MB);
  const builder = await openSql(temporary, BUILDER_MB);
  const warn = (error: Error) => note(`warning: ${error.message}`, 'warn');
  const view = new LakeView(dataset, files, openTable);
  const folder = join(cache, 'dashboard');
  const facts = new FactsStore({ dataset, view, panels, builder, folder, warn });
  const context: DashboardContext = {
    dataset,
    log,
    index,
    place: store.description,
    view,
    facts,
    sql: panels,
    sandbox: new DuckDbSandbox({ ...SANDBOX, milliseconds, temporary }),
    audits: new Audits({ dataset, log, index, view, sql: builder, temporary }),
    readings: dataset.live ? new LiveReadings(dataset, dataset.live, exported(settings, dataset), log) : null,
    watcher: new PipelineWatcher({ log, index, view }),
  };
  const report = (error: Error) => note(`error: ${error.stack ?? error.message}`, 'error');
  const server = await dashboardServer(context, { host, token, requestMs, page, report });
  return {
    server,
    facts,
    async close() {
      await server.close();
      await Promise.all([panels.close(), builder.close()]);
    },
  };
}

/** The CSV file that the dataset is exported to. */
function exported({ home }: Settings, { name }: Dataset): string {
  return join(home, 'data', `${name}.csv`);
}

/** Serves the dashboard until the signal is raised. */
export async function serveDashboard(
  session: Session,
  { host, port, json }: DashboardOptions,
  signal: AbortSignal,
): Promise<void> {
  const login = dashboardToken(host, session.settings);
  const { server, facts, close } = await openDashboard(session, host, { token: login?.token ?? null });
  try {
    const address = await server.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
      throw cannotListen(host, port, cause);
    });
    // The first who looks need not wait for it.
    facts.refresh().catch(() => {});
    const { name } = session.dataset;
    const token = login?.isGenerated ? login.token : null;
    const opened = token === null ? address : `${address}/?token=${token}`;
    print(json ?? false, { dataset: name, address, token }, () => `dashboard of ${name}: ${opened}`);
    if (!isLoopback(host)) warnOfReach(host);
    note('stop with Ctrl-C');
    await stopped(signal);
  } finally {
    await close();
  }
}

function warnOfReach(host: string): void {
  const text = `warning: --host ${host} is reached from beyond this machine: anyone who has the token reads the lake, and the connection is not encrypted`;
  note(text, 'warn', {
    hint: 'Put a proxy with TLS before it, or leave --host away and use an SSH tunnel.',
  });
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
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
