import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ElasticsearchSink } from '../../adapters/elasticsearch/sink.ts';
import type { SinkField } from '../../core/sink.ts';
import { type Change, fileOf } from '../conformance/changes-file.ts';
import { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from './elasticsearch-proxy.ts';

const server = process.env.EVENTLAKE_TEST_ELASTICSEARCH ?? '';
const FIELDS: SinkField[] = [{ name: 'n', type: 'long', key: false }];
const isBulk = ({ path }: ProxiedRequest) => path.includes('/_bulk');
const TOO_LARGE: Fault = { status: 413, body: '<html>Request Entity Too Large</html>', type: 'text/html' };

/** Changes of about 1 kB each in a request. */
function changes(count: number): Change[] {
  const document = `{"n":1}${' '.repeat(900)}`;
  return Array.from({ length: count }, (_, n) => ({ id: `${n}`, document }));
}

jest.setTimeout(60_000);

describe('an index that is slow, hangs or takes only small requests', () => {
  let proxy: FaultProxy;
  let open: ElasticsearchSink[] = [];
  let name: string;

  beforeAll(async () => {
    proxy = await startFaultProxy(server);
  });
  afterAll(() => proxy.close());
  beforeEach(() => {
    name = `profiles-test-${randomBytes(6).toString('hex')}`;
    proxy.requests.length = 0;
  });
  afterEach(async () => {
    proxy.harm = () => undefined;
    await open[0]?.wipe();
    for (const index of open) await index.close();
    open = [];
  });

  async function connect(
    limits: { patience?: number; requestTimeout?: number; signal?: AbortSignal } = {},
  ): Promise<ElasticsearchSink> {
    const index = new ElasticsearchSink({
      table: 'shop/profiles',
      url: proxy.url,
      index: name,
      ...limits,
    });
    open.push(index);
    await index.open(FIELDS, 'table-1');
    return index;
  }

  const bulkSizes = () => proxy.requests.filter(isBulk).map(({ body }) => body.length);

  test('requests over a slow line are halved until they pass, and everything arrives', async () => {
    const index = await connect({ requestTimeout: 1500, patience: 15_000 });
    proxy.harm = (request) => (isBulk(request) ? { bytesPerSecond: 100_000 } : undefined);
    await index.apply(fileOf(changes(400)), 1n);
    await index.finish(1n);
    expect(await index.count()).toBe(400);
    // 400 kB in one request take 4 s; in 1.5 s the line carries 150 kB.
    expect(Math.max(...bulkSizes())).toBeGreaterThan(350_000);
    expect(bulkSizes().at(-1)).toBeLessThan(150_000);
    // What passed is remembered, and a line that is fast again is used.
    proxy.requests.length = 0;
    proxy.harm = () => undefined;
    await index.apply(fileOf(changes(2000)), 2n);
    const [first = 0, ...later] = bulkSizes();
    expect(first).toBeLessThan(150_000);
    expect(Math.max(...later)).toBeGreaterThan(1.2 * first);
  });

  test('a limit of what stands before the server is found, and kept', async () => {
    const index = await connect();
    proxy.harm = (request) => (isBulk(request) && request.body.length > 100_000 ? TOO_LARGE : undefined);
    await index.apply(fileOf(changes(1000)), 1n);
    const refused = bulkSizes().filter((size) => size > 100_000).length;
    // 1,000 kB, 500, 250 and 125 are refused, then 62 kB pass.
    expect(refused).toBe(4);
    await index.apply(fileOf(changes(1000)), 2n);
    expect(bulkSizes().filter((size) => size > 100_000)).toHaveLength(refused);
    await index.finish(2n);
    expect(await index.count()).toBe(1000);
  });

  test('one document that is too large is named', async () => {
    const index = await connect();
    proxy.harm = (request) => (isBulk(request) && request.body.length > 5_000 ? TOO_LARGE : undefined);
    const large = { id: 'large', document: `{"n":1}${' '.repeat(6_000)}` };
    await expect(index.apply(fileOf([...changes(20), large]), 1n)).rejects.toMatchObject({
      code: 'index:too_large',
      retriable: false,
      message: expect.stringContaining('document of id large'),
      hint: expect.stringContaining('http.max_content_length'),
    });
  });

  test('one document that never passes in time is named when patience has run out', async () => {
    const index = await connect({ requestTimeout: 300, patience: 3_000 });
    proxy.harm = (request) => (isBulk(request) && request.body.includes('"_id":"3"') ? 'silence' : undefined);
    await expect(index.apply(fileOf(changes(8)), 1n)).rejects.toMatchObject({
      code: 'index:timeout',
      retriable: true,
      message: expect.stringContaining('document of id 3 '),
    });
    await index.finish(1n);
    expect(await index.count()).toBe(7);
  });

  test('an answer that drips does not hold a request beyond its deadline', async () => {
    const index = await connect({ requestTimeout: 1000, patience: 0 });
    proxy.harm = (request) => (isBulk(request) ? 'drip' : undefined);
    await expect(index.apply(fileOf(changes(1)), 1n)).rejects.toMatchObject({ code: 'index:timeout' });
  });

  test.each<[string, Fault]>([
    ['a request that hangs', 'silence'],
    ['the pauses between the tries', { status: 503, body: '' }],
  ])('a signal ends %s', async (_, fault) => {
    const stop = new AbortController();
    const index = await connect({ signal: stop.signal });
    let harmed = 0;
    proxy.harm = () => {
      harmed += 1;
      // The eighth try comes after a pause of more than 3 s; a request that hangs has no second one.
      if (fault === 'silence' || harmed === 7) setTimeout(() => stop.abort(new Error('told to stop')), 100);
      return fault;
    };
    await expect(index.apply(fileOf(changes(1)), 1n)).rejects.toThrow('told to stop');
    expect(harmed).toBe(fault === 'silence' ? 1 : 7);
    await expect(index.count()).rejects.toThrow('told to stop');
    proxy.harm = () => undefined;
    open.unshift(await connect());
  });
});
