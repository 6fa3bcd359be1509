import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { App } from '../app.ts';

/** Seconds that an answer takes: from a file of the page to a typed query. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 5, 15];

/**
 * What Prometheus is told: how often each route was asked, how long its answers took, and what the process
 * uses.
 */
export function metricsRoute(app: App): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'eventlake_dashboard_request_duration_seconds',
    help: 'Time that an answer of the dashboard took',
    labelNames: ['route', 'status'] as const,
    buckets: BUCKETS,
    registers: [registry],
  });
  app.addHook('onResponse', async ({ routeOptions: { url = 'none' } }, { statusCode, elapsedTime }) => {
    requests.observe({ route: url, status: statusCode }, elapsedTime / 1000);
  });
  app.get('/metrics', { schema: { hide: true } }, async (_, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
