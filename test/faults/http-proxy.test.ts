import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type HttpProxy, startHttpProxy } from './http-proxy.ts';

/** What the server has done: `PUT /a <body> host <host>`. */
const done: string[] = [];
let server: Server;
let proxy: HttpProxy;

beforeEach(async () => {
  done.length = 0;
  server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    done.push(`${method} ${url} ${await buffer(request)} host ${headers.host}`);
    response.writeHead(method === 'POST' ? 204 : 200, {
      etag: '"1"',
      'content-length': method === 'POST' ? 0 : 8,
    });
    response.end(method === 'GET' ? '12345678' : undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startHttpProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await proxy.close();
  server.close();
});

const ask = (path: string, options: RequestInit = {}) => fetch(proxy.url + path, options);

test('requests and answers pass unchanged, with the address that was asked', async () => {
  const got = await ask('/a?b=%20c');
  expect([got.status, got.headers.get('etag'), await got.text()]).toEqual([200, '"1"', '12345678']);
  expect((await ask('/a', { method: 'HEAD' })).headers.get('content-length')).toBe('8');
  expect((await ask('/p', { method: 'POST', body: 'posted' })).status).toBe(204);
  const host = `host 127.0.0.1:${proxy.port}`;
  expect(done).toEqual([`GET /a?b=%20c  ${host}`, `HEAD /a  ${host}`, `POST /p posted ${host}`]);
});

test('a status is answered to the first requests that are concerned, and the server sees nothing', async () => {
  const when = ({ path, body }: { path: string; body: string }) => path === '/a' || body === 'x';
  const busy = proxy.inject({ status: 503, body: 'busy' }, { when, times: 2 });
  expect((await ask('/b')).status).toBe(200);
  expect(await (await ask('/a')).text()).toBe('busy');
  expect((await ask('/c', { method: 'POST', body: 'x' })).status).toBe(503);
  expect((await ask('/a')).status).toBe(200);
  expect(busy.fired).toBe(2);
  expect(done).toHaveLength(2);
});

test('a reset request is not done, one whose answer is lost is', async () => {
  proxy.inject('reset', { times: 1 });
  await expect(ask('/a')).rejects.toThrow();
  expect(done).toHaveLength(0);
  proxy.inject('lost answer', { times: 1 });
  await expect(ask('/a')).rejects.toThrow();
  expect(done).toHaveLength(1);
});

test('silence does nothing, silence after has done it', async () => {
  const impatient = () => ask('/a', { signal: AbortSignal.timeout(300) });
  const silence = proxy.inject('silence');
  await expect(impatient()).rejects.toThrow('timeout');
  expect([silence.fired, done.length]).toEqual([1, 0]);
  proxy.heal();
  proxy.inject('silence after');
  await expect(impatient()).rejects.toThrow('timeout');
  expect(done).toHaveLength(1);
});

test('an answer that is cut has its whole length in its head', async () => {
  proxy.inject('cut answer');
  const answer = await ask('/a');
  expect(answer.headers.get('content-length')).toBe('8');
  await expect(answer.text()).rejects.toThrow();
});

test('an answer is rewritten, a request waits', async () => {
  proxy.inject(
    { rewrite: (answer) => ({ ...answer, status: 201, body: Buffer.from('other') }) },
    { times: 1 },
  );
  const answer = await ask('/a');
  expect([answer.status, await answer.text()]).toEqual([201, 'other']);
  const order: string[] = [];
  proxy.inject({ wait: async () => order.push(`waited, done: ${done.length}`) });
  await ask('/a');
  expect(order).toEqual(['waited, done: 1']);
});

test('a server that is not there resets the connection', async () => {
  proxy.target = 'http://127.0.0.1:1';
  await expect(ask('/a')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
});
