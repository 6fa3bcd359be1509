import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { ElasticsearchSink } from '../adapters/elasticsearch/sink.ts';
import { KafkaEventLog } from '../adapters/kafka/event-log.ts';
import { S3ObjectStore } from '../adapters/s3/object-store.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import { MINIO_TEST_ACCOUNT } from '../test/servers/minio.ts';
import { startTestServer, TEST_SERVERS } from '../test/servers/test-servers.ts';
import { BENCH_FOLDER } from './data.ts';
import { bareEnvironment, type Environment } from './measure.ts';

const ADDRESSES = { kafka: 'KAFKA_BROKERS', minio: 'MINIO_ENDPOINT', elasticsearch: 'ELASTICSEARCH_URL' };
/** What belongs to an address that is given. */
const LOGINS = [
  'KAFKA_SASL_MECHANISM',
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
  'KAFKA_SSL',
  'MINIO_ACCESS_KEY',
  'MINIO_SECRET_KEY',
  'ELASTICSEARCH_USERNAME',
  'ELASTICSEARCH_PASSWORD',
];

/**
 * The settings of a pipeline on real servers: those whose address the environment gives; the others are
 * started, and left running.
 */
export async function findStack(): Promise<Environment> {
  const given = (names: readonly string[]) => names.map((name) => [name, process.env[name]]);
  const stack: Record<string, string | undefined> = {
    ...bareEnvironment(),
    ...Object.fromEntries(given(LOGINS)),
  };
  for (const server of TEST_SERVERS) {
    const variable = ADDRESSES[server.name];
    stack[variable] = process.env[variable] || (await startTestServer(server));
  }
  if (!process.env.MINIO_ENDPOINT) {
    stack.MINIO_ACCESS_KEY = MINIO_TEST_ACCOUNT.accessKey;
    stack.MINIO_SECRET_KEY = MINIO_TEST_ACCOUNT.secretKey;
  }
  return stack;
}

/**
 * Does `work` with a topic, a bucket, an index and a folder that nothing else uses, and removes them. Kafka
 * itself forgets the group within minutes.
 */
export async function onFreshNames<T>(
  stack: Environment,
  work: (environment: Environment) => Promise<T>,
): Promise<T> {
  const name = `eventlake-bench-${randomUUID()}`;
  const home = join(BENCH_FOLDER, name);
  const environment = {
    ...stack,
    KAFKA_TOPIC: name,
    MINIO_BUCKET: name,
    ELASTICSEARCH_INDEX: name,
    EVENTLAKE_HOME: home,
  };
  await mkdir(home, { recursive: true });
  try {
    return await work(environment);
  } finally {
    await removeAll(readSettings(environment));
    await rm(home, { recursive: true, force: true });
  }
}

/** A server that refuses is named and does not keep the others from being cleaned; it spoils no figure. */
async function removeAll({ kafka, topic, partitions, minio, elasticsearch }: Settings): Promise<void> {
  if (!kafka || !topic || !minio || !elasticsearch) throw new Error('a server is missing in the settings');
  const { brokers, ssl, sasl } = kafka;
  const { url, index, login } = elasticsearch;
  const log = new KafkaEventLog({ brokers, topic, partitions, ssl, ...(sasl ? { sasl } : {}) });
  const profiles = new ElasticsearchSink({
    table: 'electronics/customer_profiles',
    url,
    index: index ?? topic,
    login,
  });
  const removals = await Promise.allSettled([log.wipe(), profiles.wipe(), removeBucket(minio)]);
  for (const removal of removals) {
    if (removal.status === 'rejected') console.error(`  ${topic} is not wholly removed: ${removal.reason}`);
  }
  await Promise.allSettled([log.close(), profiles.close()]);
}

async function removeBucket(minio: NonNullable<Settings['minio']>): Promise<void> {
  const store = new S3ObjectStore(minio);
  // What does not exist yet cannot be emptied and deleted.
  await store.ensureBucket();
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  await store.delete(keys);
  await store.close();
  const { endpoint, bucket, accessKey: accessKeyId, secretKey: secretAccessKey } = minio;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  client.destroy();
}
