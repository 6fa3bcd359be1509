import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Producer } from '@platformatic/kafka';
import kafkajs, { type Admin } from 'kafkajs';
import { readLake } from '../oracle/read-lake.ts';
import { type Environment, eventlake, json, realServers } from './end-to-end-environment.ts';

jest.setTimeout(180_000);

const PAGES = `
name: pages
source: {type: topic, topic: TOPIC}
key: visitor
time: seen_at
columns:
  - {name: seen_at, from: time_stamp, type: timestamp, format: epoch_s, required: true}
  - {name: visitor, type: int64, required: true}
  - {name: url, type: string}
  - {name: options, type: json}
models:
  - {table: visitors, sql: visitors.sql, key: [visitor], audit: {events: views}}
publish:
  - {table: visitors, to: elasticsearch}
`;
const VISITORS = `SELECT visitor, count(*) AS views
FROM (SELECT DISTINCT seen_at, visitor, url, options FROM events) GROUP BY visitor`;
/** Another contract for the same records. */
const URLS = `
name: urls
source: {type: topic, topic: TOPIC}
key: url
time: time_stamp
columns:
  - {name: time_stamp, type: timestamp, format: epoch_s, required: true}
  - {name: url, type: string, required: true}
`;
/** Yet another, of which two columns are not in the records' values. */
const TRACED = `
name: traced
source: {type: topic, topic: TOPIC}
key: id
time: seen_at
columns:
  - {name: seen_at, from: time_stamp, type: timestamp, format: epoch_s, required: true}
  - {name: id, from: {key: true}, type: int64, required: true}
  - {name: hops, from: {header: h}, type: int64}
`;
const message = (n: number) =>
  JSON.stringify({
    time_stamp: 1_700_000_000 + n,
    visitor: n % 3,
    url: n % 4 ? `/p/${n}` : null,
    options: [n],
  });

let environment: Environment;
let topic: string;
let admin: Admin;

beforeAll(async () => {
  const own = await realServers();
  topic = `${own.kafka?.topic}-of-others`;
  const { KAFKA_TOPIC: _, ELASTICSEARCH_INDEX: __, ...variables } = own.variables;
  const datasets = join(own.folder, 'datasets');
  environment = { ...own, variables: { ...variables, EVENTLAKE_DATASETS: datasets } };
  for (const [name, text] of Object.entries({ pages: PAGES, urls: URLS, traced: TRACED })) {
    await mkdir(join(datasets, name), { recursive: true });
    await writeFile(join(datasets, name, 'dataset.yml'), text.replace('TOPIC', topic));
  }
  await writeFile(join(datasets, 'pages', 'visitors.sql'), VISITORS);
  const { Kafka, logLevel } = kafkajs;
  admin = new Kafka({ brokers: own.kafka?.brokers ?? [], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
});

afterAll(async () => {
  await eventlake(environment, ['reset', 'pages', '--yes']);
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  await environment.remove();
});

async function produce(): Promise<void> {
  const brokers = environment.kafka?.brokers ?? [];
  const { CompressionTypes, Kafka, logLevel, Partitioners } = kafkajs;
  const one = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await one.connect();
  const messages = Array.from({ length: 50 }, (_, n) => ({ key: `${n}`, value: message(n) }));
  await one.send({ topic, compression: CompressionTypes.GZIP, messages });
  // A tombstone, what is no JSON, and an event that breaks the contract.
  await one.send({
    topic,
    messages: [
      { key: '1', value: null },
      { value: 'no JSON' },
      { value: '{"time_stamp":1700000000,"visitor":"x","url":"/x"}' },
    ],
  });
  await one.disconnect();
  for (const compression of ['none', 'snappy', 'lz4', 'zstd'] as const) {
    const other = new Producer({ clientId: 'other', bootstrapBrokers: brokers, compression });
    const values = Array.from({ length: 10 }, (_, n) => Buffer.from(message(100 + n)));
    await other.send({
      messages: values.map((value, n) => ({
        topic,
        key: Buffer.from(`${100 + n}`),
        value,
        headers: new Map([
          [Buffer.from('other'), Buffer.from('x')],
          [Buffer.from('h'), Buffer.from(`${n}`)],
        ]),
      })),
    });
    await other.close();
  }
}

/** How many rows delta-rs finds in a table, and how many different values of a column. */
async function found(dataset: string, table: string, column: string): Promise<[number, number]> {
  const program = `
uri, options, column = request
rows = DeltaTable(uri, storage_options=options).to_pyarrow_table()
print(json.dumps([rows.num_rows, len(set(rows[column].to_pylist()))]))`;
  const uri = `${environment.lake.uri.replace(/electronics$/, dataset)}/${table}`;
  return (await readLake(program, [uri, environment.lake.options, column])) as [number, number];
}

test('a topic that is not there is not made', async () => {
  const { code, stderr } = await eventlake(environment, ['process', 'pages']);
  expect(code).toBe(1);
  expect(stderr).toContain(`There is no topic ${topic}. [log:missing]`);
  expect(await admin.listTopics()).not.toContain(topic);
});

test('records of others are archived, modelled, published and audited, by two datasets', async () => {
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
  await produce();
  const result = await json<Record<string, { archive: object; publish: object }>>(environment, [
    'process',
    'pages',
    'urls',
  ]);
  // 50 and 4 times 10 good ones; the tombstone, the text and the visitor "x" are rejected. Where n is a
  // multiple of 4, the URL is missing.
  expect(result.pages).toMatchObject({
    archive: { events: 90, rejected: 3 },
    publish: { outcome: 'published' },
  });
  const missing = 13 + 4 * 3;
  expect(result.urls).toMatchObject({ archive: { events: 90 - missing + 1, rejected: 2 + missing } });
  expect(await found('pages', 'events', 'visitor')).toEqual([90, 3]);
  expect((await found('pages', 'rejected', 'reason'))[0]).toBe(3);
  expect(await found('pages', 'visitors', 'visitor')).toEqual([3, 3]);
  expect(await found('urls', 'events', 'url')).toEqual([90 - missing + 1, 37 + 7 + 1]);
  const audits = await json(environment, ['audit', 'pages', 'urls']);
  expect(audits).toMatchObject({
    pages: {
      balanced: true,
      log: { events: 93 },
      lake: { duplicates: 30 },
      index: { documents: 3, differing: 0 },
    },
    urls: { balanced: true, log: { events: 93 } },
  });
});

test('columns are read from keys and headers', async () => {
  const { archive } = await json<{ archive: object }>(environment, ['process', 'traced']);
  expect(archive).toMatchObject({ events: 90, rejected: 3 });
  // Two of the three that are rejected have no key; keys 0 to 49 and 100 to 109; headers 0 to 9, or none.
  expect(await found('traced', 'events', 'id')).toEqual([90, 60]);
  expect(await found('traced', 'events', 'hops')).toEqual([90, 11]);
  const { stdout } = await eventlake(environment, ['rejected', 'traced']);
  for (const reason of ['id:missing', 'value:null', 'value:not_json']) expect(stdout).toContain(reason);
  expect(await json(environment, ['audit', 'traced'])).toMatchObject({ balanced: true, log: { events: 93 } });
  await writeFile(join(environment.folder, 'traced.ndjson'), `${message(0)}\n`);
  const refused = await eventlake(environment, ['ingest', 'traced', '--file', 'traced.ndjson']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('Dataset traced reads the header h of each record');
});

test('a reset leaves the topic as it is, and everything comes again', async () => {
  const before = await admin.fetchTopicOffsets(topic);
  await json(environment, ['reset', 'pages', '--yes']);
  expect(await admin.fetchTopicOffsets(topic)).toEqual(before);
  expect(await json(environment, ['process', 'pages'])).toMatchObject({
    archive: { events: 90, rejected: 3 },
  });
  expect(await json(environment, ['audit', 'pages'])).toMatchObject({ balanced: true });
  expect(await admin.listTopics()).not.toContain(`${topic}.ingestions`);
});

test('ingest plays the producer: rows of a file go into the topic, each once', async () => {
  await writeFile(
    join(environment.folder, 'more.csv'),
    'time_stamp,visitor,url,options\n1700001000,7,/a,"{""a"": 1}"\n1700001001,8,/b,[]\n',
  );
  const ingest = ['ingest', 'pages', '--file', 'more.csv', '--complete'];
  expect(await json(environment, ingest)).toMatchObject({ events: 2, deadLetters: 0 });
  expect(await json(environment, ingest)).toMatchObject({ outcome: 'nothing_new' });
  expect(await json(environment, ['process', 'pages'])).toMatchObject({
    archive: { events: 2, rejected: 0 },
  });
  expect(await json(environment, ['audit', 'pages'])).toMatchObject({ balanced: true, log: { events: 95 } });
});
