import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { Kafka } from 'kafkajs';
import type { Environment } from '../stack/end-to-end-environment.ts';

/** Looks at the stores from outside, without the project's code. */
export interface Progress {
  /** Chunks in the log. */
  chunks(): Promise<number>;
  /** Commits of the tables. */
  commits(): Promise<number>;
  close(): Promise<void>;
}

const TABLES = ['events', 'rejected', 'customer_profiles'];

export function progressOf(environment: Environment): Promise<Progress> {
  return environment.kafka ? ofServers(environment, environment.kafka) : ofFolders(environment);
}

async function ofFolders({ variables, lake }: Environment): Promise<Progress> {
  const count = async (folder: string, ending: string) =>
    (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(ending)).length;
  return {
    chunks: () => count(join(variables.EVENTLAKE_HOME ?? '', 'log', 'electronics'), '.chunk'),
    async commits() {
      const counts = TABLES.map((table) => count(join(lake.uri, table, '_delta_log'), '.json'));
      return (await Promise.all(counts)).reduce((sum, n) => sum + n, 0);
    },
    close: async () => {},
  };
}

async function ofServers(
  { variables }: Environment,
  { brokers, topic }: NonNullable<Environment['kafka']>,
): Promise<Progress> {
  const admin = new Kafka({ brokers, logLevel: 0, retry: { retries: 0 } }).admin();
  await admin.connect();
  const { MINIO_ENDPOINT: endpoint = '', MINIO_BUCKET: Bucket = '' } = variables;
  const { MINIO_ACCESS_KEY: accessKeyId = '', MINIO_SECRET_KEY: secretAccessKey = '' } = variables;
  const credentials = { accessKeyId, secretAccessKey };
  const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  const count = async (Prefix: string) => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    return Contents.filter(({ Key }) => Key?.endsWith('.json')).length;
  };
  return {
    async chunks() {
      // An entry and the mark of its commit each take an offset.
      const ends = await admin.fetchTopicOffsets(`${topic}.ingestions`).catch(() => []);
      return Math.floor(ends.reduce((sum, { high }) => sum + Number(high), 0) / 2);
    },
    async commits() {
      const counts = TABLES.map((table) => count(`electronics/${table}/_delta_log/`).catch(() => 0));
      return (await Promise.all(counts)).reduce((sum, n) => sum + n, 0);
    },
    async close() {
      await admin.disconnect();
      s3.destroy();
    },
  };
}
