import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ElasticsearchSink } from '../../adapters/elasticsearch/sink.ts';
import type { SinkField } from '../../core/sink.ts';
import { type Change, fileOf } from '../conformance/changes-file.ts';
import { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from './elasticsearch-proxy.ts';

const server = process.env.EVENTLAKE_TEST_ELASTICSEARCH ?? '';
/** The id of the table that the index shows. */
const TABLE = 'table-1';
const FIELDS: SinkField[] = [{ name: 'n', type: 'long', key: false }];
const put = (id: string): Change => ({ id, document: '{"n":1}' });
const BUSY: Fault = {
  status: 429,
  body: '{"error":{"type":"es_rejected_execution_exception","reason":"queue full"},"status":429}',
};

const isBulk = ({ path }: ProxiedRequest) => path.includes('/_bulk');
const isFinish = ({ path }: ProxiedRequest) => /_refresh|_aliases|_mapping|_search/.test(path);
/** The ids in a bulk request, in order. */
const idsIn = ({ body }: ProxiedRequest) => [...body.matchAll(/"_id":"([^"]*)"/g)].map(([, id]) => id);
/** The answer of the server with other statuses for some items. */
function items(change: (item: object, at: number) => object): Fault {
  return {
    rewrite: (body) => {
      const answer = JSON.parse(body);
      answer.items = answer.items.map((item: { index: object }, at: number) => ({
        index: change(item.index, at),
      }));
      return JSON.stringify(answer);
    },
  };
}

jest.setTimeout(60_000);

describe('elasticsearch that fails', () => {
  let proxy: FaultProxy;
  let index: ElasticsearchSink;
  let name: string;

  beforeAll(async () => {
    proxy = await startFaultProxy(server);
  });
  afterAll(() => proxy.close());
  beforeEach(async () => {
    name = `profiles-test-${randomBytes(6).toString('hex')}`;
    index = connect();
    await index.open(FIELDS, TABLE);
    proxy.requests.length = 0;
  });
  afterEach(async () => {
    proxy.harm = () => undefined;
    await index.wipe();
    await index.close();
  });

  function connect(options: { patience?: number; requestTimeout?: number; url?: string } = {}) {
    return new ElasticsearchSink({ table: 'shop/profiles', url: proxy.url, index: name, ...options });
  }
  /** Harms the first `times` requests that `concerned` names. */
  function harmFirst(times: number, fault: Fault, concerned = isBulk): void {
    let left = times;
    proxy.harm = (request) => (concerned(request) && left-- > 0 ? fault : undefined);
  }

  test.each<[string, Fault]>([
    ['429', BUSY],
    ['500', { status: 500, body: '{"error":{"type":"x","reason":"y"},"status":500}' }],
    ['502 of a proxy', { status: 502, body: '<html>Bad Gateway</html>', type: 'text/html' }],
    ['503', { status: 503, body: '{"error":{"type":"x","reason":"no master"},"status":503}' }],
    ['504 of a proxy', { status: 504, body: '', type: 'text/plain' }],
    ['a broken connection', 'reset'],
    ['a connection that breaks when all was stored', 'reset after'],
  ])('%s: the whole request is sent again', async (_, fault) => {
    harmFirst(2, fault);
    await index.apply(fileOf([put('a'), put('b')]), 1n);
    await index.finish(1n);
    expect(await index.count()).toBe(2);
    expect(proxy.requests.filter(isBulk).map(idsIn)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  test.each([429, 503])('items with %d: only these are sent again', async (status) => {
    let left = 2;
    proxy.harm = (request) => {
      if (!isBulk(request) || left-- <= 0) return undefined;
      return items((item, at) => (at % 2 === 1 ? { status, error: { type: 'busy', reason: 'full' } } : item));
    };
    await index.apply(fileOf(['a', 'b', 'c', 'd'].map(put)), 1n);
    expect(proxy.requests.filter(isBulk).map(idsIn)).toEqual([['a', 'b', 'c', 'd'], ['b', 'd'], ['d']]);
  });

  test('requests stay below 5 MB, however large the documents are', async () => {
    const document = `{"n":1}${' '.repeat(1_000_000)}`;
    await index.apply(fileOf(Array.from({ length: 12 }, (_, n) => ({ id: `${n}`, document }))), 1n);
    const sizes = proxy.requests.filter(isBulk).map((request) => idsIn(request).length);
    expect(sizes.sort()).toEqual([4, 4, 4]);
  });

  test('one answer less than there are documents is no success', async () => {
    harmFirst(1, {
      rewrite: (body) => {
        const answer = JSON.parse(body);
        answer.items.pop();
        return JSON.stringify(answer);
      },
    });
    await expect(index.apply(fileOf([put('a'), put('b')]), 1n)).rejects.toMatchObject({
      code: 'index:not_elasticsearch',
    });
  });

  test.each<[string, Fault]>([
    ['429', BUSY],
    ['503', { status: 503, body: '' }],
    ['a broken connection', 'reset'],
    ['a broken connection after the change', 'reset after'],
  ])('%s at each step of finish is borne', async (_, fault) => {
    const harmed = new Set<string>();
    proxy.harm = (request) => {
      const step = `${request.method} ${request.path.replace(/\?.*/, '')}`;
      if (!isFinish(request) || harmed.has(step)) return undefined;
      harmed.add(step);
      return fault;
    };
    await index.apply(fileOf([put('a')]), 1n);
    await index.finish(1n);
    expect(harmed.size).toBe(4);
    const another = connect();
    expect(await another.open(FIELDS, TABLE)).toBe(1n);
    await another.close();
  });

  test('a server that is busy at the first contact is waited for', async () => {
    const another = connect();
    harmFirst(1, { status: 503, body: '' }, () => true);
    expect(await another.open(FIELDS, TABLE)).toBeNull();
    await another.close();
  });

  test.each<[string, Fault]>([
    ['429', BUSY],
    ['items with 429', items(() => ({ status: 429, error: { type: 'busy', reason: 'queue full' } }))],
  ])('%s without end is index:busy, with the reason, and may be tried again', async (_, fault) => {
    const impatient = connect({ patience: 700 });
    await impatient.open(FIELDS, TABLE);
    harmFirst(Number.POSITIVE_INFINITY, fault);
    const began = performance.now();
    await expect(impatient.apply(fileOf([put('a')]), 1n)).rejects.toMatchObject({
      code: 'index:busy',
      retriable: true,
      message: expect.stringContaining('queue full'),
      hint: expect.any(String),
    });
    expect(performance.now() - began).toBeLessThan(10_000);
    // Pauses of at least 50, 100, 200 and 400 ms: the fifth try would come after patience has run out.
    expect(proxy.requests.filter(isBulk).length).toBeGreaterThanOrEqual(2);
    expect(proxy.requests.filter(isBulk).length).toBeLessThan(5);
    await impatient.close();
  });

  test('no answer in time is tried again, then index:timeout', async () => {
    const impatient = connect({ patience: 600, requestTimeout: 200 });
    await impatient.open(FIELDS, TABLE);
    harmFirst(1, 'silence');
    await impatient.apply(fileOf([put('a')]), 1n);
    expect(proxy.requests.filter(isBulk)).toHaveLength(2);
    harmFirst(Number.POSITIVE_INFINITY, 'silence');
    await expect(impatient.apply(fileOf([put('b')]), 2n)).rejects.toMatchObject({ code: 'index:timeout' });
    await impatient.close();
  });

  test('an item that is refused ends the other requests, the ones that wait too', async () => {
    const changes = Array.from({ length: 60_000 }, (_, n) => put(`${n}`));
    proxy.harm = (request) => {
      if (!isBulk(request)) return undefined;
      if (!request.body.includes('"_id":"0"')) return BUSY;
      return items((item, at) =>
        at < 2 ? { status: 400, error: { type: 'bad', reason: `no ${at}` } } : item,
      );
    };
    const began = performance.now();
    await expect(index.apply(fileOf(changes), 1n)).rejects.toMatchObject({
      code: 'index:rejected',
      retriable: false,
      message: expect.stringMatching(/id 0: 400 bad: no 0 \(and refused 1 more\)/),
    });
    expect(performance.now() - began).toBeLessThan(30_000);
    const sent = proxy.requests.length;
    await new Promise((done) => setTimeout(done, 500));
    expect(proxy.requests.length).toBe(sent);
  });

  test.each([401, 403])('%d is index:forbidden, at once and for items too', async (status) => {
    const denied: Fault = {
      status,
      body: `{"error":{"type":"security_exception","reason":"not for you"},"status":${status}}`,
    };
    const expected = {
      code: 'index:forbidden',
      retriable: false,
      message: expect.stringContaining('not for you'),
      hint: expect.stringContaining('ELASTICSEARCH_PASSWORD'),
    };
    harmFirst(1, denied);
    await expect(index.apply(fileOf([put('a')]), 1n)).rejects.toMatchObject(expected);
    harmFirst(1, denied, isFinish);
    await expect(index.finish(1n)).rejects.toMatchObject(expected);
    harmFirst(
      1,
      items(() => ({ status, error: { type: 'security_exception', reason: 'not for you' } })),
    );
    await expect(index.apply(fileOf([put('a')]), 1n)).rejects.toMatchObject(expected);
    harmFirst(1, denied, () => true);
    await expect(index.open(FIELDS, TABLE)).rejects.toMatchObject(expected);
    expect(await index.open(FIELDS, TABLE)).toBeNull();
  });

  test('an address where nothing listens is told at once', async () => {
    const gone = await startFaultProxy('http://127.0.0.1:1');
    await gone.close();
    const lost = connect({ url: gone.url });
    const began = performance.now();
    await expect(lost.open(FIELDS, TABLE)).rejects.toMatchObject({
      code: 'index:unreachable',
      retriable: true,
      message: expect.stringContaining(gone.url),
      hint: expect.stringContaining('ELASTICSEARCH_URL'),
    });
    expect(performance.now() - began).toBeLessThan(10_000);
    await lost.close();
  });

  test('a server that goes away for good is index:unreachable', async () => {
    const impatient = connect({ patience: 300 });
    await impatient.open(FIELDS, TABLE);
    harmFirst(Number.POSITIVE_INFINITY, 'reset');
    await expect(impatient.apply(fileOf([put('a')]), 1n)).rejects.toMatchObject({
      code: 'index:unreachable',
      retriable: true,
    });
    expect(proxy.requests.filter(isBulk).length).toBeGreaterThan(1);
    await impatient.close();
  });

  test('a server that is not Elasticsearch is told so', async () => {
    harmFirst(1, { withoutProductHeader: true }, () => true);
    await expect(index.open(FIELDS, TABLE)).rejects.toMatchObject({
      code: 'index:not_elasticsearch',
      message: expect.stringContaining(proxy.url),
    });
  });

  test('a failure does not carry the documents that were sent', async () => {
    harmFirst(1, { status: 400, body: '{"error":{"type":"bad","reason":"no"},"status":400}' });
    const failure = await index.apply(fileOf([put('someone')]), 1n).catch((error) => error);
    expect(failure).toMatchObject({ code: 'index:rejected', cause: expect.any(Error) });
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('someone');
  });

  test('the login goes with each request, and into no message', async () => {
    const { host } = new URL(proxy.url);
    const inUrl = connect({ url: `http://robin:s3cret%2Fword@${host}` });
    const apart = new ElasticsearchSink({
      table: 'shop/profiles',
      url: proxy.url,
      index: name,
      login: { username: 'robin', password: 's3cret/word' },
    });
    for (const each of [inUrl, apart]) {
      proxy.requests.length = 0;
      await each.open(FIELDS, TABLE);
      await each.apply(fileOf([put('a')]), 1n);
      const login = `Basic ${Buffer.from('robin:s3cret/word').toString('base64')}`;
      expect(new Set(proxy.requests.map(({ authorization }) => authorization))).toEqual(new Set([login]));
      const faults: Fault[] = ['reset', { status: 401, body: '' }, { status: 400, body: 'what?' }];
      for (const fault of faults) {
        harmFirst(1, fault, () => true);
        const impatient = connect({ url: `http://robin:s3cret%2Fword@${host}`, patience: 0 });
        const failure = await impatient.open(FIELDS, TABLE).catch((error) => error);
        expect(failure).toMatchObject({ code: expect.stringMatching(/^index:/) });
        const shown = inspect(failure, { depth: 20, showHidden: true }) + each.description;
        for (const secret of ['s3cret', 'robin', login.slice(6)]) expect(shown).not.toContain(secret);
        await impatient.close();
      }
      await each.close();
    }
  });
});
