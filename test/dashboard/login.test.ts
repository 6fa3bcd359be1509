import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Shown, SMALL } from './fixtures.ts';

const TOKEN = 'a-token-of-a-test-0123456789';
let shown: Shown;
let port: number;
beforeAll(async () => {
  shown = await Shown.open({ token: TOKEN });
  await shown.run(SMALL);
  port = Number(new URL(await shown.dashboard.server.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => shown.close());

const ask = (url: string, headers: Record<string, string> = {}) =>
  shown.dashboard.server.inject({ url, headers });

/** Asks for a path as it is written, which no browser would send so. */
async function askExactly(path: string) {
  const request = get({ host: '127.0.0.1', port, path });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { statusCode: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** The cookie that a visit sets, as a browser sends it back. */
async function visit(url = `/?token=${TOKEN}`): Promise<string> {
  const { headers } = await ask(url);
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

describe('without the token', () => {
  test.each([
    '/api/dataset',
    '/api/entities/1',
    '/api/pipeline/stream',
    '/openapi.json',
    '/api/nothing',
    `/api/dataset?token=${TOKEN}`,
  ])('%s answers 401', async (url) => {
    const { statusCode, headers, body } = await ask(url);
    expect(statusCode).toBe(401);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'request:no_token' } });
    expect(headers).toMatchObject({ 'www-authenticate': 'Bearer', 'cache-control': 'no-store' });
    expect(headers['set-cookie']).toBeUndefined();
  });

  test.each(['/', '/entities', '/assets/index.js', '/?token=wrong', '/?token='])(
    '%s is the page that asks for it',
    async (url) => {
      const { statusCode, headers, body } = await ask(url);
      expect(statusCode).toBe(401);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['set-cookie']).toBeUndefined();
      expect(body).toContain('type="password"');
      expect(body.includes('This is not the token')).toBe(url.includes('token='));
    },
  );

  test.each([
    ['authorization', 'Bearer wrong'],
    ['authorization', 'Bearer '],
    ['authorization', `Basic ${TOKEN}`],
    ['authorization', TOKEN],
    ['cookie', 'eventlake_0='],
    ['cookie', `eventlake_0=${TOKEN}`],
    ['cookie', 'eventlake_0=wrong'],
  ])('%s: %s is not enough', async (name, value) => {
    expect((await ask('/api/dataset', { [name]: value })).statusCode).toBe(401);
  });

  test('only /healthz is answered', async () => {
    expect((await ask('/healthz')).body).toBe('ok\n');
    expect((await ask('/metrics')).statusCode).toBe(401);
  });

  test('nor does a post reach its route', async () => {
    expect((await shown.ask('/api/sql', { sql: 'SELECT 1' })).status).toBe(401);
  });
});

describe('with the token', () => {
  test('programs send it in a header', async () => {
    const { statusCode, body } = await ask('/api/entities/1', { authorization: `Bearer ${TOKEN}` });
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ user_id: '1' });
  });

  test('browsers get a cookie that scripts, other sites and readers of it cannot use', async () => {
    const { headers } = await ask(`/?token=${TOKEN}`);
    expect(headers['set-cookie']).toMatch(/^eventlake_0=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(String(headers['set-cookie'])).not.toContain(TOKEN);
    const cookie = await visit();
    expect((await ask('/api/entities/1', { cookie: `a=b; ${cookie}; c=d` })).statusCode).toBe(200);
    expect((await ask('/api/entities/1', { cookie: `x${cookie}` })).statusCode).toBe(401);
  });

  test.each([
    [`/?token=${TOKEN}`, '/'],
    [`/entities?segment=a%26b&token=${TOKEN}&q=1`, '/entities?segment=a%26b&#38;q=1'],
    [`//elsewhere.example/?token=${TOKEN}`, '/elsewhere.example/'],
    [`/\\elsewhere.example/?token=${TOKEN}`, '/elsewhere.example/'],
    [`/"><script>?token=${TOKEN}`, '/&#34;&#62;&#60;script&#62;'],
  ])('%s opens the same address without it', async (path, address) => {
    const { statusCode, headers, body } = await askExactly(path);
    expect(statusCode).toBe(200);
    expect(body).toContain(`content="0;url=${address}"`);
    expect(body).not.toContain(TOKEN);
    expect(headers['cache-control']).toBe('no-store');
  });

  test('the name in the Host header is still looked at', async () => {
    const headers = { host: 'elsewhere.example', authorization: `Bearer ${TOKEN}` };
    expect((await ask('/api/dataset', headers)).statusCode).toBe(421);
  });
});
