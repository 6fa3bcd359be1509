import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { S3Options } from '../../adapters/s3/connection.ts';
import { S3ObjectStore } from '../../adapters/s3/object-store.ts';
import { describeObjectStore, emptyStore } from '../conformance/object-store.ts';
import { type HttpFault, startHttpProxy } from '../faults/http-proxy.ts';

const minio: S3Options = {
  endpoint: process.env.EVENTLAKE_TEST_MINIO ?? '',
  bucket: `test-${randomUUID()}`,
  accessKey: process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY ?? '',
  secretKey: process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY ?? '',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 's3-'));
});
afterAll(async () => {
  const store = new S3ObjectStore(minio);
  await emptyStore(store);
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function openStore(change: Partial<S3Options> = {}): Promise<S3ObjectStore> {
  const store = new S3ObjectStore({ ...minio, ...change });
  await store.ensureBucket();
  return store;
}

describeObjectStore('S3', openStore);

describe('S3 store', () => {
  const open: { close(): unknown }[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) server.close();
  });

  async function listen(server: Server): Promise<string> {
    open.push(server);
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** A way to MinIO on which the first answers suffer a fault. */
  async function brokenWay(fault: HttpFault, times: number): Promise<string> {
    const proxy = await startHttpProxy(minio.endpoint);
    proxy.inject(fault, { times });
    open.push(proxy);
    return proxy.url;
  }

  test.each([16 * 1024 * 1024, 40_000_001])(
    'a file of %d bytes is sent in parts and comes back as it was',
    async (bytes) => {
      const store = await openStore();
      const [source, target] = [join(folder, 'source'), join(folder, 'target')];
      const body = randomBytes(bytes);
      await writeFile(source, body);
      await store.putFile('big/a', source);
      await store.getFile('big/a', target);
      expect(body.equals(await readFile(target))).toBe(true);
      expect(body.equals(await readFile(source))).toBe(true);
      await store.close();
    },
  );

  test('a fault of the local file is not taken for one of the server', async () => {
    const store = await openStore();
    await store.put('a', Buffer.from('a'));
    const local = { code: 'object:failed', retriable: false, message: expect.stringContaining('ENOENT') };
    await expect(store.getFile('a', join(folder, 'no', 'folder'))).rejects.toMatchObject(local);
    await expect(store.putFile('b', join(folder, 'no-file'))).rejects.toMatchObject(local);
    await store.close();
  });

  test('a bucket that is there already is used; one that is missing holds nothing, and is named where something is stored', async () => {
    const bucket = `test-${randomUUID()}`;
    const store = new S3ObjectStore({ ...minio, bucket });
    const noBucket = {
      code: 'object:no_bucket',
      message: expect.stringContaining(bucket),
      hint: expect.anything(),
    };
    await expect(store.get('a')).rejects.toMatchObject({
      code: 'object:missing',
      message: expect.stringContaining(bucket),
    });
    await expect(store.put('a', Buffer.from('a'))).rejects.toMatchObject(noBucket);
    await expect(store.putIfAbsent('a', Buffer.from('a'))).rejects.toMatchObject(noBucket);
    await store.delete(['a']);
    expect(await store.list('')[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
    await Promise.all(Array.from({ length: 4 }, () => store.ensureBucket()));
    await store.ensureBucket();
    await store.close();
  });

  test('a wrong account is object:forbidden and no message holds a secret', async () => {
    const secretKey = 'not-the-right-secret';
    for (const account of [{ secretKey }, { accessKey: 'nobody', secretKey }]) {
      const store = new S3ObjectStore({ ...minio, ...account });
      for (const action of [
        () => store.ensureBucket(),
        () => store.get('a'),
        () => store.put('a', Buffer.from('')),
      ]) {
        const error = await action().then(
          () => null,
          (reason: Error) => reason,
        );
        expect(error).toMatchObject({
          code: 'object:forbidden',
          hint: expect.stringContaining('MINIO_SECRET_KEY'),
          retriable: false,
        });
        expect(`${error?.message} ${error?.stack} ${JSON.stringify(error?.cause)}`).not.toContain(secretKey);
      }
      await store.close();
    }
  });

  test('a server that is not there is object:unreachable, with its address', async () => {
    const store = new S3ObjectStore({ ...minio, endpoint: 'http://user:password@127.0.0.1:1/' });
    await expect(store.get('a')).rejects.toMatchObject({
      code: 'object:unreachable',
      message: expect.stringMatching(/http:\/\/127\.0\.0\.1:1\b.*ECONNREFUSED/),
      retriable: true,
    });
    expect(store.description).toBe(`s3://${minio.bucket} on http://127.0.0.1:1`);
    await store.close();
  });

  test('a lost answer to a conditional put is decided by what the key holds', async () => {
    const direct = await openStore();
    const mine = new S3ObjectStore({ ...minio, endpoint: await brokenWay('lost answer', 1) });
    expect(await mine.putIfAbsent('lost/mine', Buffer.from('mine'))).toBe(true);
    expect((await direct.get('lost/mine')).toString()).toBe('mine');
    await direct.put('lost/other', Buffer.from('other'));
    const late = new S3ObjectStore({ ...minio, endpoint: await brokenWay('lost answer', 1) });
    expect(await late.putIfAbsent('lost/other', Buffer.from('mine'))).toBe(false);
    expect((await direct.get('lost/other')).toString()).toBe('other');
    for (const store of [direct, mine, late]) await store.close();
  });

  test('an answer that breaks off is asked for again', async () => {
    const direct = await openStore();
    const body = randomBytes(3_000);
    await direct.put('cut', body);
    const store = new S3ObjectStore({ ...minio, endpoint: await brokenWay('cut answer', 2) });
    expect(body.equals(await store.get('cut'))).toBe(true);
    const file = new S3ObjectStore({ ...minio, endpoint: await brokenWay('cut answer', 1) });
    await file.getFile('cut', join(folder, 'cut'));
    expect(body.equals(await readFile(join(folder, 'cut')))).toBe(true);
    for (const each of [direct, store, file]) await each.close();
  });

  /** A server that answers every request in the same way. */
  const always = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
    createServer((request, response) => {
      request.resume().on('end', () => answer(request, response));
    });

  test('a server that ignores If-None-Match is not used', async () => {
    const endpoint = await listen(always((_, response) => response.end()));
    const store = new S3ObjectStore({ ...minio, endpoint });
    await expect(store.ensureBucket()).rejects.toMatchObject({
      code: 'object:unsupported',
      hint: expect.stringContaining('MinIO'),
    });
    await store.close();
  });

  test.each([
    ['<Error><Code>NoSuchKey</Code></Error>', 'object:missing'],
    ['<Error><Code>XAdminUserNotFound</Code></Error>', 'object:forbidden'],
    ['<Error><Code>NoSuchUpload</Code></Error>', 'object:failed'],
    ['<html><body>404 page not found</body></html>', 'object:failed'],
  ])('404 means that the object is missing only if it says so: %s', async (body, code) => {
    const endpoint = await listen(always((_, response) => response.writeHead(404).end(body)));
    const store = new S3ObjectStore({ ...minio, endpoint });
    await expect(store.get('a')).rejects.toMatchObject({ code });
    await store.close();
  });

  test('409 on a conditional put is tried again; an overloaded server is retriable', async () => {
    let requests = 0;
    const conflict = '<Error><Code>ConditionalRequestConflict</Code><Message>busy</Message></Error>';
    const endpoint = await listen(
      always((_, response) => (++requests < 3 ? response.writeHead(409).end(conflict) : response.end())),
    );
    const store = new S3ObjectStore({ ...minio, endpoint });
    expect(await store.putIfAbsent('a', Buffer.from('a'))).toBe(true);
    expect(requests).toBe(3);
    const slowDown = '<Error><Code>SlowDown</Code><Message>slow down</Message></Error>';
    const busy = new S3ObjectStore({
      ...minio,
      endpoint: await listen(always((_, response) => response.writeHead(503).end(slowDown))),
    });
    await expect(busy.get('a')).rejects.toMatchObject({ code: 'object:failed', retriable: true });
    await store.close();
    await busy.close();
  }, 30_000);
});
