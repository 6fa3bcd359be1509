import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { importSavedObjects } from '../../adapters/kibana/saved-objects.ts';
import { dashboardFile } from '../../config/kibana/saved-objects.ts';

const SOURCE_FILE = join(import.meta.dirname, '../../config/datasets/electronics/kibana.yml');

// Kibana itself comes as nothing but an image; what it is sent is read here by a parser that is not ours, and
// what it answers is written down as its API is documented.

interface Received {
  readonly method: string;
  readonly url: string;
  readonly xsrf: string | null;
  readonly authorization: string | null;
  /** Kibana takes only files whose names end in .ndjson. */
  readonly parts: [name: string, content: string, file: string | undefined][];
}

let close = async () => {};
afterEach(() => close());

/** Answers every request with a status and a body; gives the address, and what was received. */
async function kibana(status: number, body: unknown): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const listener: RequestListener = async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk);
    const form = await new Response(Buffer.concat(chunks), {
      headers: { 'content-type': message.headers['content-type'] ?? '' },
    }).formData();
    const parts = [...form].map(
      async ([name, value]): Promise<Received['parts'][number]> =>
        typeof value === 'string' ? [name, value, undefined] : [name, await value.text(), value.name],
    );
    received.push({
      method: message.method ?? '',
      url: message.url ?? '',
      xsrf: (message.headers['kbn-xsrf'] as string) ?? null,
      authorization: message.headers.authorization ?? null,
      parts: await Promise.all(parts),
    });
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  close = () => new Promise((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

const file = Buffer.from('{"id":"a"}\n{"id":"b"}\n');
const failure = (url: string) =>
  importSavedObjects(url, file).then(
    () => 'imported',
    (error) => error,
  );

describe('importing into Kibana', () => {
  test('sends the file as Kibana wants it', async () => {
    const { url, received } = await kibana(200, { success: true, successCount: 3, warnings: [] });
    const dashboard = await dashboardFile(SOURCE_FILE, 'customer-profiles');
    expect(await importSavedObjects(`${url}/`, dashboard)).toBe(3);
    expect(received).toEqual([
      {
        method: 'POST',
        url: '/api/saved_objects/_import?overwrite=true',
        xsrf: 'true',
        authorization: null,
        parts: [['file', dashboard.toString(), 'objects.ndjson']],
      },
    ]);
  });

  test('keeps a base path, and takes the login out of the address', async () => {
    const { url, received } = await kibana(200, { success: true, successCount: 2 });
    expect(await importSavedObjects(`${url.replace('//', '//a%40b:p%3Aw@')}/s/shop`, file)).toBe(2);
    expect(received).toMatchObject([
      {
        url: '/s/shop/api/saved_objects/_import?overwrite=true',
        authorization: `Basic ${Buffer.from('a@b:p:w').toString('base64')}`,
      },
    ]);
  });

  test('names every object that was not taken, and why', async () => {
    const { url } = await kibana(200, {
      success: false,
      successCount: 0,
      errors: [
        {
          type: 'dashboard',
          id: 'a',
          meta: { title: 'Customers' },
          error: {
            type: 'missing_references',
            // once for each panel that has it
            references: [
              { type: 'index-pattern', id: 'gone' },
              { type: 'index-pattern', id: 'gone' },
            ],
          },
        },
        { type: 'search', id: 'b', error: { type: 'unknown', message: 'it is too new', statusCode: 422 } },
      ],
    });
    const error = await failure(url);
    expect(error).toMatchObject({ code: 'kibana:rejected', retriable: false });
    expect(error.message).toBe(
      [
        `Kibana at ${url} took 0 of 2 objects`,
        'dashboard a ("Customers"): missing_references: index-pattern gone',
        'search b: unknown: it is too new',
      ].join('\n'),
    );
  });

  test.each([
    [200, { success: true, successCount: 1 }, 'took 1 of 2 objects'],
    [200, { success: false, successCount: 2 }, 'took 2 of 2 objects'],
    [500, { success: true, successCount: 2 }, 'took nothing: 500'],
  ])('%i %j is no success', async (status, body, message) => {
    const { url } = await kibana(status, body);
    const error = await failure(url);
    expect(error).toMatchObject({ code: 'kibana:rejected' });
    expect(error.message).toContain(`Kibana at ${url} ${message}`);
  });

  test.each([
    [400, { statusCode: 400, message: 'Invalid file' }, /took nothing: 400 Invalid file/, /8\.19/],
    [401, { statusCode: 401, message: 'Unauthorized' }, /took nothing: 401 Unauthorized/, /user/],
    [403, { statusCode: 403, message: 'Forbidden' }, /took nothing: 403 Forbidden/, /user/],
    [404, '<html>\n  not here\n</html>', /took nothing: 404 <html> not here <\/html>/, /KIBANA_URL/],
    [200, '<html>a login page</html>', /took nothing: 200 <html>a login page/, /KIBANA_URL/],
    [200, { tagline: 'You Know, for Search' }, /took nothing: 200/, /KIBANA_URL/],
  ])('a refusal with %i %j is explained', async (status, body, message, hint) => {
    const { url } = await kibana(status, body);
    expect(await failure(url)).toMatchObject({
      code: 'kibana:rejected',
      retriable: false,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  test.each([
    [503, 'Kibana server is not ready yet'],
    [502, ''],
    [429, { message: 'slow down' }],
  ])('%i %j passes by itself', async (status, body) => {
    const { url } = await kibana(status, body);
    expect(await failure(url)).toMatchObject({
      code: 'kibana:unreachable',
      retriable: true,
      message: expect.stringMatching(`Kibana at ${url} is not ready: ${status}`),
    });
  });

  test('a Kibana that is not there may come, and its password is not shown', async () => {
    const { url } = await kibana(200, {});
    await close();
    close = async () => {};
    const error = await failure(url.replace('//', '//user:secret@'));
    expect(error).toMatchObject({ code: 'kibana:unreachable', retriable: true });
    expect(error.message).toBe(
      `Kibana at ${url} cannot be reached: connect ECONNREFUSED ${url.replace('http://', '')}`,
    );
  });

  test('a connection that breaks is a Kibana that cannot be reached', async () => {
    const server = createServer((message) => message.socket.destroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    close = () => new Promise((resolve) => server.close(() => resolve()));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await failure(url)).toMatchObject({ code: 'kibana:unreachable', retriable: true });
  });
});
