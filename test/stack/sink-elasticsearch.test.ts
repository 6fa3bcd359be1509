import { randomBytes } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ElasticsearchSink } from '../../adapters/elasticsearch/sink.ts';
import type { SinkField } from '../../core/sink.ts';
import { fileOf } from '../conformance/changes-file.ts';
import { describeSink } from '../conformance/sink.ts';
import { startFaultProxy } from './elasticsearch-proxy.ts';

const url = process.env.EVENTLAKE_TEST_ELASTICSEARCH ?? '';

/** A request of the test's own, past the adapter. */
// biome-ignore lint/suspicious/noExplicitAny: answers are read by their documented paths
async function ask(method: string, path: string, body?: unknown): Promise<any> {
  const answer = await fetch(`${url}/${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return answer.json();
}

/** The id of the table that the index shows. */
const TABLE = 'table-1';

const freshName = () => `profiles-test-${randomBytes(6).toString('hex')}`;
const indicesOf = async (alias: string) =>
  Object.keys(await ask('GET', `${alias},${alias}-*?ignore_unavailable=true`));

jest.setTimeout(60_000);

describeSink('elasticsearch', 'documents', () => {
  const name = freshName();
  return {
    connect: () => new ElasticsearchSink({ table: 'shop/profiles', url, index: name }),
    documents: async () => {
      const found = await ask('POST', `${name}/_search?ignore_unavailable=true`, { size: 100 });
      // biome-ignore lint/suspicious/noExplicitAny: as above
      return Object.fromEntries(found.hits.hits.map((hit: any) => [hit._id, hit._source]));
    },
  };
});

describe('elasticsearch', () => {
  const fields: SinkField[] = [
    { name: 'user_id', type: 'string', key: true },
    { name: 'events', type: 'long', key: false },
    { name: 'total_spent', type: 'double', key: false },
    { name: 'loyal', type: 'boolean', key: false },
    { name: 'last_seen', type: 'timestamp', key: false },
  ];
  const opened: ElasticsearchSink[] = [];
  let name: string;

  function connect(alias = name): ElasticsearchSink {
    const index = new ElasticsearchSink({ table: 'shop/profiles', url: `${url}/`, index: alias });
    opened.push(index);
    return index;
  }
  async function publish(version: bigint, documents: object[] = [], declared = fields): Promise<void> {
    const index = connect();
    await index.open(declared, TABLE);
    await index.apply(
      fileOf(documents.map((document, n) => ({ id: `${n}`, document: JSON.stringify(document) }))),
      version,
    );
    await index.finish(version);
  }

  beforeEach(() => {
    name = freshName();
  });
  afterAll(async () => {
    for (const index of opened) {
      await index.wipe();
      await index.close();
    }
  });

  test('says where it is', () => {
    expect(connect('customer-profiles').description).toBe(`elasticsearch ${url}, index customer-profiles`);
  });

  test('fields have the types that Kibana needs: terms, ranges and sums', async () => {
    await publish(1n, [
      {
        user_id: '1515915625519388267',
        events: 7,
        total_spent: 0.5,
        loyal: true,
        last_seen: '2020-10-01T00:00:00Z',
      },
      {
        user_id: '1515915625519388268',
        events: 2,
        total_spent: 1.25,
        loyal: false,
        last_seen: '2020-12-31T23:59:59.999Z',
      },
      {
        user_id: '1515915625519388268',
        events: 3,
        total_spent: null,
        loyal: true,
        last_seen: '2021-01-01T00:00:00Z',
      },
    ]);
    const found = await ask('POST', `${name}/_search`, {
      size: 0,
      query: { range: { last_seen: { gte: '2020-12-01', lt: '2021-02-01' } } },
      aggs: {
        users: { terms: { field: 'user_id' } },
        spent: { sum: { field: 'total_spent' } },
        events: { sum: { field: 'events' } },
        loyal: { filter: { term: { loyal: true } } },
      },
    });
    expect(found.hits.total.value).toBe(2);
    expect(found.aggregations).toMatchObject({
      users: { buckets: [{ key: '1515915625519388268', doc_count: 2 }] },
      spent: { value: 1.25 },
      events: { value: 5 },
      loyal: { doc_count: 1 },
    });
  });

  test('a text that is too long to be searched is kept, and stops nothing', async () => {
    const long = '🦊'.repeat(20_000);
    await publish(1n, [{ user_id: 'a' }, { user_id: long }]);
    expect((await ask('GET', `${name}/_doc/1`))._source.user_id).toBe(long);
    expect((await ask('POST', `${name}/_count`, { query: { exists: { field: 'user_id' } } })).count).toBe(1);
  });

  test('an alias over one index named by its mapping, a template, and the version in the mapping', async () => {
    await publish(12n);
    const indices = await ask('GET', `${name}-*`);
    const [index] = Object.keys(indices);
    expect(Object.keys(indices)).toEqual([expect.stringMatching(new RegExp(`^${name}-[0-9a-f]{8}$`))]);
    const expected = {
      dynamic: 'strict',
      properties: {
        user_id: { type: 'keyword', ignore_above: 8191 },
        events: { type: 'long' },
        total_spent: { type: 'double' },
        loyal: { type: 'boolean' },
        last_seen: { type: 'date', format: 'strict_date_optional_time' },
      },
    };
    expect(indices[index ?? '']).toMatchObject({
      aliases: { [name]: {} },
      mappings: { ...expected, _meta: { table: 'shop/profiles', table_id: TABLE, profiles_version: '12' } },
      settings: { index: { number_of_shards: '1', number_of_replicas: '0' } },
    });
    // Acknowledged must mean on disk: the default, `request`.
    expect(indices[index ?? ''].settings.index.translog).toBeUndefined();
    const { index_templates } = await ask('GET', `_index_template/${name}`);
    expect(index_templates[0].index_template).toMatchObject({
      index_patterns: [`${name}-*`],
      template: { mappings: expected, settings: { index: { number_of_shards: '1' } } },
    });
    await connect().wipe();
    expect(await ask('GET', `_index_template/${name}`)).toMatchObject({ status: 404 });
    expect(await indicesOf(name)).toEqual([]);
  });

  test('other fields: the alias moves at finish, and only then is the old index deleted', async () => {
    await publish(1n, [{ events: 1 }]);
    const [before] = await indicesOf(name);
    const next = connect();
    await next.open([...fields, { name: 'segment', type: 'string', key: false }], TABLE);
    await next.apply(fileOf([{ id: '0', document: '{"segment":"buyer"}' }]), 2n);
    expect(await indicesOf(name)).toHaveLength(2);
    expect(Object.keys(await ask('GET', `_alias/${name}`))).toEqual([before]);
    await next.finish(2n);
    const [after] = await indicesOf(name);
    expect(await indicesOf(name)).toEqual([after]);
    expect(after).not.toBe(before);
    expect(Object.keys(await ask('GET', `_alias/${name}`))).toEqual([after]);
  });

  test('an interruption between moving the alias and recording the version only costs sending all again', async () => {
    await publish(3n, [{ events: 3 }]);
    const [index] = await indicesOf(name);
    await ask('PUT', `${index}/_mapping`, { _meta: {} });
    expect(await connect().open(fields, TABLE)).toBeNull();
    await publish(3n, [{ events: 3 }]);
    expect(await connect().open(fields, TABLE)).toBe(3n);
  });

  test('an index that is not behind the alias shows nothing, and finish puts it there', async () => {
    await publish(3n, [{ events: 3 }]);
    const [index] = await indicesOf(name);
    await ask('DELETE', `${index}/_alias/${name}`);
    expect(await connect().open(fields, TABLE)).toBeNull();
    await publish(3n, [{ events: 3 }]);
    expect(await connect().open(fields, TABLE)).toBe(3n);
  });

  test('an index that the version before this one has filled, without the id of its table, is filled again', async () => {
    await publish(3n, [{ events: 3 }, { events: 4 }]);
    const [made] = await indicesOf(name);
    const { mappings } = (await ask('GET', `${made}`))[`${made}`];
    await connect().wipe();
    const old = `${name}-0123abcd`;
    await ask('PUT', old, {
      settings: { number_of_replicas: 0 },
      mappings: { ...mappings, _meta: { table: 'shop/profiles', profiles_version: '3' } },
      aliases: { [name]: {} },
    });
    await ask('PUT', `${old}/_doc/1?version=3&version_type=external_gte&refresh=true`, { events: 5 });
    const index = connect();
    expect(await index.count()).toBe(1);
    expect(await index.open(fields, TABLE)).toBeNull();
    await index.apply(fileOf([{ id: '0', document: '{"events":1}' }]), 0n);
    expect(await index.count()).toBe(1);
    await index.finish(0n);
    const found = await ask('POST', `${name}/_search`, {});
    expect(found.hits.hits.map((hit: { _id: string }) => hit._id)).toEqual(['0']);
    expect(await indicesOf(name)).toHaveLength(1);
    expect(await connect().open(fields, TABLE)).toBe(0n);
  });

  test('indices of others are left alone, under any name', async () => {
    const neighbours = [`${name}-archive`, `${name}-eu-0123abcd`, `${name}-0123abcd0`];
    for (const neighbour of neighbours) await ask('PUT', neighbour, { settings: { number_of_replicas: 0 } });
    await ask('POST', '_aliases', { actions: [{ add: { index: `${name}-archive`, alias: name } }] });
    try {
      await publish(1n);
      expect(Object.keys(await ask('GET', `_alias/${name}`))).toEqual([
        expect.stringMatching(/-[0-9a-f]{8}$/),
      ]);
      await connect().wipe();
      expect((await indicesOf(name)).sort()).toEqual([...neighbours].sort());
    } finally {
      for (const neighbour of neighbours) await ask('DELETE', neighbour);
    }
  });

  test('one alias may begin with another', async () => {
    const [short, long] = [connect(), connect(`${name}-eu`)];
    for (const index of [short, long]) {
      expect(await index.open(fields, TABLE)).toBeNull();
      await index.finish(1n);
    }
    await short.wipe();
    expect(await long.open(fields, TABLE)).toBe(1n);
  });

  test('an index that has the name of the alias is named, and not touched', async () => {
    await ask('PUT', name, { settings: { number_of_replicas: 0 } });
    await expect(connect().open(fields, TABLE)).rejects.toMatchObject({
      code: 'index:name_taken',
      message: expect.stringContaining(name),
    });
    await connect().wipe();
    expect(await indicesOf(name)).toEqual([name]);
    await ask('DELETE', name);
  });

  test('a write after the index was deleted fails, and makes no index', async () => {
    const index = connect();
    await index.open(fields, TABLE);
    const [made] = await indicesOf(name);
    await ask('DELETE', `${made}`);
    await expect(index.apply(fileOf([{ id: '1', document: '{"events":1}' }]), 1n)).rejects.toMatchObject({
      code: 'index:rejected',
      message: expect.stringContaining('index_not_found'),
    });
    expect(await indicesOf(name)).toEqual([]);
    await expect(index.finish(1n)).rejects.toMatchObject({ code: 'index:rejected' });
  });

  test('a read-only index is forbidden, not waited for', async () => {
    const index = connect();
    await index.open(fields, TABLE);
    const [made] = await indicesOf(name);
    await ask('PUT', `${made}/_settings`, { 'index.blocks.write': true });
    await expect(index.apply(fileOf([{ id: '1', document: '{"events":1}' }]), 1n)).rejects.toMatchObject({
      code: 'index:forbidden',
    });
  });

  describe('a rival', () => {
    /**
     * Finishes `version` for `declared`, and lets a rival act just before the request whose path has `step`
     * in it.
     */
    async function finishBeside(
      version: bigint,
      declared: SinkField[],
      step: string,
      act: () => Promise<void>,
    ) {
      const proxy = await startFaultProxy(url);
      const index = new ElasticsearchSink({ table: 'shop/profiles', url: proxy.url, index: name });
      await index.open(declared, TABLE);
      let acted = false;
      proxy.harm = async ({ path }) => {
        if (acted || !path.includes(step)) return undefined;
        acted = true;
        await act();
      };
      await index.finish(version);
      expect(acted).toBe(true);
      await index.close();
      await proxy.close();
    }

    test('that finishes a newer version meanwhile is not undone', async () => {
      await publish(1n);
      await finishBeside(2n, fields, '_search', () => publish(3n));
      expect(await connect().open(fields, TABLE)).toBe(3n);
    });

    test('that has deleted the old index meanwhile is no obstacle', async () => {
      await publish(1n);
      const [old] = await indicesOf(name);
      const fewer = fields.slice(1);
      await finishBeside(2n, fewer, '_aliases', () => ask('DELETE', `${old}`));
      expect(await connect().open(fewer, TABLE)).toBe(2n);
      expect(await indicesOf(name)).toHaveLength(1);
    });
  });
});
