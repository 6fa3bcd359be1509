import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Shown } from './fixtures.ts';

let page: string;
let shown: Shown;
beforeAll(async () => {
  page = await mkdtemp(join(tmpdir(), 'page-'));
  await mkdir(join(page, 'assets'));
  await writeFile(join(page, 'index.html'), '<!doctype html><title>the page</title>');
  await writeFile(join(page, 'assets/main-1a2b.js'), '1');
  await writeFile(join(page, '..', 'beside.txt'), 'secret');
  shown = await Shown.open({ page });
});
afterAll(async () => {
  await shown.close();
  await rm(page, { recursive: true });
});

test('the address of every view is the one document of the page', async () => {
  for (const url of [
    '/',
    '/index.html',
    '/entities',
    '/entities/1?tab=events',
    '/pipeline',
    '/lake',
    '/live',
  ]) {
    const { status, body, headers } = await shown.ask<string>(url);
    expect(status).toBe(200);
    expect(body).toContain('the page');
    expect(headers['cache-control']).toBe('no-cache');
  }
});

test('an address where nothing is answers 404, to a browser with the page that says so', async () => {
  for (const url of ['/nothing', '/lake/nothing', '/entities/1/2', '/datasets/other/', '/metric']) {
    const { server } = shown.dashboard;
    const program = await server.inject({ url });
    expect([program.statusCode, JSON.parse(program.body)]).toMatchObject([
      404,
      { error: { code: 'request:unknown_route' } },
    ]);
    const browser = await server.inject({ url, headers: { accept: 'text/html,*/*;q=0.8' } });
    expect([browser.statusCode, browser.body]).toEqual([404, expect.stringContaining('the page')]);
  }
  expect((await shown.dashboard.server.inject({ url: '/', method: 'DELETE' })).statusCode).toBe(404);
});

test('/healthz answers, and /metrics tells how long answers took', async () => {
  expect(await shown.ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  await shown.ask('/api/lake');
  await shown.ask('/api/lake');
  const { body, headers } = await shown.ask<string>('/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain/);
  // There is no lake.
  expect(body).toMatch(
    /^eventlake_dashboard_request_duration_seconds_count\{route="\/api\/lake",status="404"\} 2$/m,
  );
  expect(body).toMatch(/^process_resident_memory_bytes [\d.e+]+$/m);
});

test('assets are kept long by the browser; those that are missing are 404', async () => {
  expect((await shown.ask('/assets/main-1a2b.js')).headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': expect.stringMatching(/javascript/),
  });
  expect((await shown.ask('/assets/main-old.js')).status).toBe(404);
});

test('nothing beside the folder is served', async () => {
  for (const url of [
    '/../beside.txt',
    '/%2e%2e/beside.txt',
    '/assets/..%2f..%2fbeside.txt',
    '/..%5cbeside.txt',
  ]) {
    expect(JSON.stringify((await shown.ask(url)).body)).not.toContain('secret');
  }
});

test('a page that is not built says how to build it', async () => {
  const bare = await Shown.open();
  expect(await bare.ask('/')).toMatchObject({ status: 503, body: expect.stringContaining('make dashboard') });
  await bare.close();
});

describe('security', () => {
  test('every answer carries the policy, errors too', async () => {
    for (const url of [
      '/',
      '/api/dataset',
      '/api/overview?from=x',
      '/api/nothing',
      '/openapi.json',
      '/assets/main-1a2b.js',
    ]) {
      const { headers } = await shown.ask(url);
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringContaining("default-src 'self'"),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test.each([
    ['127.0.0.1:8080', 200],
    ['localhost', 200],
    ['[::1]:8080', 200],
    ['192.168.1.7:8080', 200],
    ['evil.example', 421],
    ['127.0.0.1.evil.example:8080', 421],
    ['localhost.evil.example', 421],
  ])('the host %s is answered with %i', async (host, status) => {
    const answer = await shown.dashboard.server.inject({ url: '/api/dataset', headers: { host } });
    expect(answer.statusCode).toBe(status);
  });
});
