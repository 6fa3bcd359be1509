import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { S3Options } from '../../adapters/s3/connection.ts';
import { S3ObjectStore } from '../../adapters/s3/object-store.ts';
import { emptyStore } from '../conformance/object-store.ts';
import { waitFor } from '../wait-for.ts';

const minio: S3Options = {
  endpoint: process.env.EVENTLAKE_TEST_MINIO ?? '',
  bucket: `test-${randomUUID()}`,
  accessKey: process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY ?? '',
  secretKey: process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY ?? '',
};

/** What the client gets instead of MinIO's answer; with `after`, MinIO has carried the request out. */
type Fault = 'hang' | 'hang after' | 'drip' | '503' | '503 after';

/**
 * Sends a request on to MinIO, with the host that was signed. Without `answer`, MinIO's own is thrown away.
 */
async function passOn(incoming: IncomingMessage, answer: ServerResponse | null): Promise<void> {
  const { method, headers, url } = incoming;
  const outgoing = request(minio.endpoint + url, { method, headers });
  const replied = once(outgoing, 'response');
  await pipeline(incoming, outgoing);
  const [reply] = (await replied) as [IncomingMessage];
  if (answer) await pipeline(reply, answer.writeHead(reply.statusCode ?? 500, reply.headers));
  else reply.resume();
}

describe('S3 that does not answer as it should', () => {
  let folder: string;
  let direct: S3ObjectStore;
  let requests: string[] = [];
  let harm: (line: string) => Fault | undefined = () => undefined;
  const proxy = createServer(async (incoming, answer) => {
    const [path = ''] = (incoming.url ?? '').split('?');
    const line = `${incoming.method} ${path}`;
    requests.push(line);
    const fault = harm(line);
    if (fault === undefined) return passOn(incoming, answer).catch(() => answer.destroy());
    if (fault.endsWith('after')) await passOn(incoming, null);
    else incoming.resume();
    if (fault.startsWith('503')) answer.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    if (fault !== 'drip') return;
    answer.writeHead(200, { 'content-length': '1000' });
    const drops = setInterval(() => answer.write('.'), 20);
    answer.once('close', () => clearInterval(drops));
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 's3-'));
    direct = new S3ObjectStore(minio);
    await direct.ensureBucket();
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });
  beforeEach(() => {
    requests = [];
    harm = () => undefined;
  });
  afterAll(async () => {
    proxy.close();
    proxy.closeAllConnections();
    await emptyStore(direct);
    await direct.close();
    await rm(folder, { recursive: true, force: true });
  });

  function connect(deadlines: S3Options['deadlines'] = {}, signal?: AbortSignal): S3ObjectStore {
    const { port } = proxy.address() as AddressInfo;
    return new S3ObjectStore({ ...minio, endpoint: `http://127.0.0.1:${port}`, deadlines, signal });
  }

  const operations: [string, (store: S3ObjectStore) => Promise<unknown>][] = [
    ['ensureBucket', (store) => store.ensureBucket()],
    ['put', (store) => store.put('a', Buffer.from('a'))],
    ['putIfAbsent', (store) => store.putIfAbsent('a', Buffer.from('a'))],
    ['putFile in parts', (store) => store.putFile('a', join(folder, 'large'))],
    ['get', (store) => store.get('a')],
    ['getFile', (store) => store.getFile('a', join(folder, 'target'))],
    ['list', (store) => store.list('')[Symbol.asyncIterator]().next()],
    ['delete', (store) => store.delete(['a'])],
  ];

  test.each(operations)('%s gives up after its tries, each without an answer', async (_, operate) => {
    await writeFile(join(folder, 'large'), randomBytes(17_000_000));
    harm = () => 'hang';
    const store = connect({ silence: 200, tries: 2 });
    await expect(operate(store)).rejects.toMatchObject({ code: 'object:unreachable', retriable: true });
    expect(requests.length).toBeLessThanOrEqual(2);
    await store.close();
  });

  test.each(operations)('%s gives up when its budget is used up', async (_, operate) => {
    await writeFile(join(folder, 'large'), randomBytes(17_000_000));
    harm = () => 'hang';
    const store = connect({ budget: 300 });
    await expect(operate(store)).rejects.toMatchObject({
      code: 'object:unreachable',
      retriable: true,
      message: expect.stringContaining('not done after 0.3 s'),
    });
    expect(requests.length).toBeLessThanOrEqual(1);
    await store.close();
  });

  test.each(operations)(
    '%s gives up soon after the signal to stop, and is not repeated',
    async (_, operate) => {
      await writeFile(join(folder, 'large'), randomBytes(17_000_000));
      harm = () => 'hang';
      const stop = new AbortController();
      const store = connect({ stopping: 200 }, stop.signal);
      const stopped = { code: 'object:unreachable', retriable: false };
      const underway = expect(operate(store)).rejects.toMatchObject(stopped);
      await waitFor(() => requests.length > 0);
      stop.abort();
      await underway;
      await expect(operate(store)).rejects.toMatchObject(stopped);
      await store.close();
    },
  );

  test('after the signal to stop, a server that answers takes what is in hand', async () => {
    const store = connect({}, AbortSignal.abort());
    await store.put('in-hand', Buffer.from('a'));
    expect((await store.get('in-hand')).toString()).toBe('a');
    await store.close();
  });

  test('a conditional put that was carried out, and then hangs, gives up, and is known when it is repeated', async () => {
    const [mine, other] = [Buffer.from('mine'), Buffer.from('other')];
    harm = () => 'hang after';
    const store = connect({ silence: 2000, tries: 2 });
    await expect(store.putIfAbsent('late', mine)).rejects.toMatchObject({ code: 'object:unreachable' });
    expect((await direct.get('late')).equals(mine)).toBe(true);
    // Its answer is lost again; the next try finds what the key holds.
    let faults = 2;
    harm = () => (faults-- > 1 ? 'hang after' : undefined);
    expect(await store.putIfAbsent('late', mine)).toBe(true);
    faults = 2;
    expect(await store.putIfAbsent('late', other)).toBe(false);
    await store.close();
  });

  test('a body that drips is given up, and leaves no file', async () => {
    harm = () => 'drip';
    const store = connect({ budget: 500 });
    const target = join(folder, 'dripped');
    await expect(store.getFile('a', target)).rejects.toMatchObject({ code: 'object:unreachable' });
    expect(await readdir(folder)).not.toContain('dripped');
    await store.close();
  });

  test.each<Fault>(['503', '503 after'])(
    '%s at the first try of each request of the start is tried again, and no reason to refuse the server',
    async (fault) => {
      await direct.delete(['_eventlake/conditional-put']);
      const store = connect();
      // The first start stores the key that the second one finds.
      for (let start = 0; start < 2; start += 1) {
        let puts = 0;
        harm = (line) => {
          if (!line.startsWith('PUT') || !line.includes('_eventlake')) return undefined;
          puts += 1;
          return puts % 2 === 1 ? fault : undefined;
        };
        await store.ensureBucket();
        expect(puts).toBeGreaterThanOrEqual(2);
      }
      await store.close();
    },
  );
});
