import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { UsageError } from '../core/errors.ts';
import type { Monitor } from './monitor.ts';

/** Where to listen. */
export interface MonitoringAddress {
  readonly host: string;
  readonly port: number;
}

/** Who is slower than this in asking is not waited for; scrapers ask within milliseconds. */
const REQUEST_MS = 10_000;
/** A connection on which so long nothing is sent either way is closed. */
const IDLE_MS = 60_000;
const CONNECTIONS = 100;

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

/**
 * Serves `/metrics` (Prometheus), `/healthz` (200 while the job lives, 503 once it hangs) and `/readyz` (200
 * while it can do its work, otherwise 503 and what is wrong, a line each). A request must arrive within
 * `requestMs`.
 * @throws UsageError `settings:bad_metrics_address` when it cannot listen there.
 */
export async function serveMonitor(
  monitor: Monitor,
  { host, port }: MonitoringAddress,
  requestMs = REQUEST_MS,
): Promise<Server> {
  const limits = {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: requestMs / 10,
  };
  const server = createServer(limits, async ({ method = '', url = '' }, response) => {
    const {
      status,
      type = 'text/plain; charset=utf-8',
      text,
    } = await answer(monitor, method, url).catch(failed);
    response.writeHead(status, { 'content-type': type }).end(method === 'HEAD' ? undefined : text);
  });
  server.setTimeout(IDLE_MS);
  server.maxConnections = CONNECTIONS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new UsageError(
      'settings:bad_metrics_address',
      `METRICS_PORT and METRICS_HOST: cannot listen on ${host}:${port}: ${(cause as Error).message}`,
      {
        cause,
        hint: 'Another job may use the port: give each its own METRICS_PORT, or leave it unset.',
      },
    );
  }
  // The job's end is not delayed by its observers.
  server.unref();
  return server;
}

async function answer(monitor: Monitor, method: string, url: string): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET\n' };
  const [path] = url.split('?');
  if (path === '/metrics') return { status: 200, ...(await monitor.exposition()) };
  if (path === '/healthz') return monitor.health.isAlive ? OK : { status: 503, text: 'the job hangs\n' };
  if (path !== '/readyz')
    return { status: 404, text: 'there is /metrics, /healthz and /readyz, and no more\n' };
  const troubles = await monitor.troubles();
  return troubles.length === 0 ? OK : { status: 503, text: `${troubles.join('\n')}\n` };
}

function failed(error: Error): Answer {
  return { status: 500, text: `${error.message}\n` };
}

const OK: Answer = { status: 200, text: 'ok\n' };
