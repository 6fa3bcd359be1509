import type { Monitor } from '../monitoring/monitor.ts';
import type { Session } from './session.ts';

/** Serves metrics and health where METRICS_PORT says so; null where it is not set. Ends with the process. */
export async function openMonitor(session: Session): Promise<Monitor | null> {
  const { settings, dataset, log, tables, profiles } = session;
  if (!settings.metrics) return null;
  // Loaded only where it is used: see session.ts.
  const [{ Monitor }, { serveMonitor }] = await Promise.all([
    import('../monitoring/monitor.ts'),
    import('../monitoring/server.ts'),
  ]);
  const monitor = new Monitor(dataset.name, { log, tables, profiles, home: settings.home });
  await serveMonitor(monitor, settings.metrics);
  return monitor;
}
