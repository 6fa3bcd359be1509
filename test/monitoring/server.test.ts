import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { Monitor } from '../../monitoring/monitor.ts';
import { serveMonitor } from '../../monitoring/server.ts';
import { Shown } from '../dashboard/fixtures.ts';
import { drip } from '../dashboard/slow-clients.ts';

test('a request that does not arrive in time is ended', async () => {
  const shown = await Shown.open();
  const { dataset, log, tables, profiles } = shown.session;
  const monitor = new Monitor(dataset.name, { log, tables, profiles, home: shown.home });
  const server = await serveMonitor(monitor, { host: '127.0.0.1', port: 0 }, 1000);
  const { port } = server.address() as AddressInfo;
  try {
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toBe('ok\n');
    expect(await drip(port, 'GET /metrics HTTP/1.1\r\nX-Long: ')).toMatch(/^HTTP\/1.1 408 /);
    await drip(port, '');
  } finally {
    server.close();
    await shown.close();
  }
});
