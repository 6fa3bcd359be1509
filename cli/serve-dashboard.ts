import { once } from 'node:events';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { DuckDbEngine } from '../adapters/duckdb/engine.ts';
import { DuckDbSandbox } from '../adapters/duckdb/sql-sandbox.ts';
import { reportsOf } from '../config/dataset/reports.ts';
import type { Dataset } from '../core/dataset.ts';
import { VIEWS } from '../dashboard/addresses.ts';
import { Audits } from '../dashboard/audits.ts';
import type { DashboardContext } from '../dashboard/context.ts';
import { FactsStore } from '../dashboard/facts.ts';
import { LakeView } from '../dashboard/lake-view.ts';
import { type ListedDataset, listDatasets } from '../dashboard/listed.ts';
import { LiveReadings } from '../dashboard/live/live-readings.ts';
import { PipelineWatcher } from '../dashboard/pipeline-watcher.ts';
import { PublishedTables } from '../dashboard/published.ts';
import { Reports } from '../dashboard/reports.ts';
import { dashboardServer, type ServerOptions } from '../dashboard/server.ts';
import { progressFolder } from '../monitoring/progress-files.ts';
import { OtherDashboards } from './dashboard-datasets.ts';
import type { DashboardOptions } from './dashboard-options.ts';
import { dashboardToken, isLoopback } from './dashboard-token.ts';
import { csvFile } from './export.ts';
import { cannotListen } from './listening.ts';
import { note, print } from './output.ts';
import { openSession, openSql, type Session } from './session.ts';

const PAGE = join(import.meta.dirname, '..', 'dashboard', 'web', 'dist');
/** Panels count in one pass over facts, which needs little; sorting profiles needs more. */
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
 * Wires the dashboard. `token` is what visitors must bring, `page` the folder of the built page,
 * `milliseconds` what a typed query may take, `requestMs` how long a request may take to arrive.
 */
export async function openDashboard(
  session: Session,
  host: string,
  {
    token = null,
    page = PAGE,
    milliseconds = QUERY_MS,
    requestMs = REQUEST_MS,
    datasets = listDatasets([session.dataset]),
    serverOf = null,
    csv,
  }: {
    token?: string | null;
    page?: string;
    milliseconds?: number;
    requestMs?: number;
    datasets?: readonly ListedDataset[];
    serverOf?: ServerOptions['serverOf'];
    csv?: string | undefined;
  } = {},
): Promise<Dashboard> {
  const { dataset, log, index, indices, warehouse, database, files, store, cache, temporary, openTable } =
    session;
  const panels = await openSql(temporary, PANELS_MB);
  const builder = await openSql(temporary, BUILDER_MB);
  const engine = new DuckDbEngine({ sql: builder, lake: { store, files }, temporary });
  const warn = (error: Error) => note(`warning: ${error.message}`, 'warn');
  const view = new LakeView(dataset, files, openTable);
  const folder = join(cache, 'dashboard');
  const facts = new FactsStore({ dataset, view, panels, builder, folder, warn });
  const published = database && new PublishedTables(database);
  const progress = progressFolder(session.settings.home, dataset.name);
  const context: DashboardContext = {
    dataset,
    datasets,
    log,
    index,
    place: store.description,
    view,
    facts,
    sql: panels,
    sandbox: new DuckDbSandbox({ ...SANDBOX, milliseconds, temporary }),
    audits: new Audits({ dataset, log, index, indices, warehouse, view, sql: builder, engine }),
    readings: dataset.live ? new LiveReadings(dataset, dataset.live, csvFile(session, csv), log) : null,
    reports: new Reports({ dataset, reports: await reportsOf(session), view, sql: panels, database }),
    watcher: new PipelineWatcher({ dataset, log, index, published, view, progress }),
  };
  const report = (error: Error) => note(`error: ${error.stack ?? error.message}`, 'error');
  const server = await dashboardServer(context, { host, token, requestMs, page, serverOf, report });
  return {
    server,
    facts,
    async close() {
      await server.close();
      await Promise.all([panels.close(), builder.close()]);
    },
  };
}

/**
 * Serves the dashboard of the session's dataset, and of the others that it is to show, until the signal is
 * raised.
 */
export async function serveDashboard(
  session: Session,
  options: DashboardOptions,
  signal: AbortSignal,
  others: readonly Dataset[] = [],
): Promise<void> {
  const { host, port, json, csv, reachedAt = host } = options;
  const login = dashboardToken(reachedAt, session.settings);
  const datasets = listDatasets([session.dataset, ...others]);
  const names = datasets.map(({ name }) => name);
  const shared = { token: login?.token ?? null, datasets };
  const otherDashboards = new OtherDashboards(names.slice(1), async (name) => {
    const other = await openSession(name, options, 'look');
    const dashboard = await openDashboard(other, host, shared);
    return { ...dashboard, close: () => dashboard.close().finally(() => other.close()) };
  });
  const serverOf = others.length > 0 ? otherDashboards.serverOf.bind(otherDashboards) : null;
  const { server, facts, close } = await openDashboard(session, host, { ...shared, serverOf, csv });
  try {
    const address = await server.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
      throw cannotListen(host, port, cause);
    });
    // The first who looks need not wait for it.
    facts.refresh().catch(() => {});
    const token = login?.isGenerated ? login.token : null;
    const start = session.dataset.live ? `${address}${VIEWS.live}` : address;
    const opened = token === null ? start : `${new URL(start)}?token=${token}`;
    const said = { dataset: session.dataset.name, datasets: names, address, token };
    print(json ?? false, said, () => `dashboard of ${names.join(', ')}: ${opened}`);
    if (!isLoopback(reachedAt)) warnOfReach(reachedAt);
    note('stop with Ctrl-C');
    await stopped(signal);
  } finally {
    await close();
    await otherDashboards.close();
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
