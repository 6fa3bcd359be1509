import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Shown, SMALL } from './fixtures.ts';
import { drip } from './slow-clients.ts';

let shown: Shown;
let address: string;
beforeAll(async () => {
  shown = await Shown.open({ requestMs: 1000 });
  await shown.run(SMALL);
  address = await shown.dashboard.server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => shown.close());

describe('a request that does not arrive in time is ended', () => {
  const HEAD = 'POST /api/sql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  test.each([
    ['in the body', `${HEAD}Content-Length: 100000\r\n\r\n{`],
    ['in the headers', `${HEAD}X-Long: `],
  ])('%s', async (_, part) => {
    const said = await drip(Number(new URL(address).port), part);
    expect(said).toMatch(/^HTTP\/1.1 408 /);
    expect(said).toContain('"code":"request:invalid"');
  });

  test('before its first byte', async () => {
    await drip(Number(new URL(address).port), '');
  });
});

test('event streams are limited in number; one that ends makes room', async () => {
  const stops = Array.from({ length: 100 }, () => new AbortController());
  const listen = (signal?: AbortSignal) => fetch(`${address}/api/pipeline/stream`, signal ? { signal } : {});
  const open = await Promise.all(stops.map(({ signal }) => listen(signal)));
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = await listen();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ error: { code: 'dashboard:too_many_streams' } });
  stops[0]?.abort();
  let status = 503;
  while (status === 503) {
    const last = new AbortController();
    ({ status } = await listen(last.signal));
    last.abort();
  }
  expect(status).toBe(200);
  for (const stop of stops) stop.abort();
}, 60_000);

test.each([
  '/api/dataset',
  '/api/overview',
  '/api/entities',
  '/api/entities/1',
  '/api/entities/nobody',
  '/api/pipeline',
  '/api/rejected',
  '/api/lake',
  '/api/nothing',
])('no cache keeps %s', async (url) => {
  expect((await shown.ask(url)).headers['cache-control']).toBe('no-store');
});

test('nor what is typed', async () => {
  for (const url of ['/api/sql', '/api/sql/csv'])
    expect((await shown.ask(url, { sql: 'SELECT 1' })).headers['cache-control']).toBe('no-store');
});
