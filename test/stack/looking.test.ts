import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Admin, Producer, stringSerializers } from '@platformatic/kafka';
import { type Environment, eventlake, json, realServers } from './end-to-end-environment.ts';
import { ingestedFile } from './ingested-file.ts';
import { type ServedDashboard, serveDashboard } from './served-dashboard.ts';

const TIMEOUT_MS = 120_000;

let environment: Environment;
beforeEach(async () => {
  environment = await realServers();
});
afterEach(() => environment.remove(), TIMEOUT_MS);

/** All that the servers hold under the environment's name. */
async function made(): Promise<{ topics: string[]; bucket: boolean; indices: string[] }> {
  const { variables, index, kafka } = environment;
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka?.brokers ?? [] });
  const name = kafka?.topic ?? '';
  const client = new S3Client({
    endpoint: variables.MINIO_ENDPOINT ?? '',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: {
      accessKeyId: variables.MINIO_ACCESS_KEY ?? '',
      secretAccessKey: variables.MINIO_SECRET_KEY ?? '',
    },
  });
  const bucket = await client.send(new HeadBucketCommand({ Bucket: name })).then(
    () => true,
    () => false,
  );
  const found = await fetch(`${index?.url}/_cat/indices?h=index`);
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(name)).sort();
  await admin.close();
  client.destroy();
  return {
    topics,
    bucket,
    indices: (await found.text()).split('\n').filter((line) => line.startsWith(name)),
  };
}

/** The dashboard says what the commands print; the audit exits with `code`. */
async function sameAsCommands({ ask }: ServedDashboard, code: number): Promise<void> {
  const { body } = await ask<{ status: object }>('/api/pipeline');
  expect(body.status).toEqual(await json(environment, ['status']));
  expect((await ask('/api/audit')).body).toMatchObject(await json(environment, ['audit'], code));
  expect((await ask('/api/rejected')).body).toEqual(await json(environment, ['rejected']));
}

async function lookEverywhere(): Promise<void> {
  for (const args of [['status'], ['audit'], ['rejected'], ['profile', '1'], ['reset']])
    await eventlake(environment, args);
}

test(
  'a look makes no topic, bucket, index or folder, and finds an empty lake; what is made later is seen',
  async () => {
    const nothing = { topics: [], bucket: false, indices: [] };
    const shown = await serveDashboard(environment);
    try {
      expect(await json(environment, ['status'])).toMatchObject({ tables: [], partitions: [], lag: 0 });
      expect(await json(environment, ['audit'])).toMatchObject({ balanced: true, lake: { events: 0 } });
      expect(await json(environment, ['rejected'])).toEqual({ total: 0, reasons: [], examples: [] });
      await sameAsCommands(shown, 0);
      await lookEverywhere();
      for (const path of ['/api/dataset', '/api/pipeline'])
        expect(await shown.ask(path)).toMatchObject({ status: 200 });
      for (const path of ['/api/overview', '/api/entities', '/api/lake', '/api/lake/events/files']) {
        expect({ path, ...(await shown.ask(path)) }).toMatchObject({
          path,
          status: 404,
          body: { error: { code: 'lake:missing' } },
        });
      }
      expect(await made()).toEqual(nothing);
      expect(existsSync(join(environment.folder, 'home'))).toBe(false);

      await ingestedFile(environment);
      expect(await made()).toMatchObject({ bucket: true, topics: { length: 3 }, indices: [] });
      await sameAsCommands(shown, 3);
      await json(environment, ['process']);
      // A look is good for a moment; then the tables are seen, without a new start.
      let overview = await shown.ask('/api/overview');
      while (overview.status === 404) overview = await shown.ask('/api/overview');
      expect(overview).toMatchObject({ status: 200, body: { events: 5, entities: 3 } });
      await sameAsCommands(shown, 0);
    } finally {
      await shown.stop();
    }
  },
  TIMEOUT_MS,
);

test(
  'a look at a topic that another program has made adds none to it',
  async () => {
    const { brokers, topic } = environment.kafka ?? { brokers: [], topic: '' };
    const client = { clientId: 'test', bootstrapBrokers: brokers };
    const admin = new Admin(client);
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
    await admin.close();
    const producer = new Producer({ ...client, serializers: stringSerializers });
    await producer.send({ messages: [{ topic, value: '{}' }] });
    await producer.close();
    const shown = await serveDashboard(environment);
    try {
      expect(await json(environment, ['status'])).toMatchObject({
        partitions: [{ partition: 'events/0', start: '0', end: '1', archived: null, lag: 1 }],
        lag: 1,
      });
      expect(await eventlake(environment, ['audit'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`${topic}.dead-letters. [log:missing]`),
      });
      await lookEverywhere();
      expect(await shown.ask('/api/pipeline')).toMatchObject({ body: { status: { lag: 1 } } });
      expect(await made()).toEqual({ topics: [topic], bucket: false, indices: [] });
    } finally {
      await shown.stop();
    }
  },
  TIMEOUT_MS,
);
