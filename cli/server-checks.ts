import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { ServerCheck } from '../inspection/health.ts';

/**
 * Everything that can be asked, and the variable by which it is there; null for the folders that are in place
 * of servers.
 */
export const SYSTEMS = {
  kafka: 'KAFKA_BROKERS',
  minio: 'MINIO_ENDPOINT',
  elasticsearch: 'ELASTICSEARCH_URL',
  postgres: 'WAREHOUSE_URL',
  log: null,
  lake: null,
} as const;

/**
 * A check of each broker, and of each server or folder that the settings name. The clients that they need are
 * loaded.
 */
export async function serverChecks(settings: Settings): Promise<ServerCheck[]> {
  const { kafka, minio, elasticsearch, warehouse, home } = settings;
  return [
    ...(kafka ? await brokerChecks(kafka) : [await folderCheck('log', home)]),
    minio ? await bucketCheck(minio) : await folderCheck('lake', home),
    ...(elasticsearch ? [await elasticsearchCheck(elasticsearch)] : []),
    ...(warehouse ? [await postgresCheck(warehouse)] : []),
  ];
}

type Given<Name extends keyof Settings> = NonNullable<Settings[Name]>;

async function brokerChecks(kafka: Given<'kafka'>): Promise<ServerCheck[]> {
  const { checkBroker } = await import('../adapters/kafka/broker-check.ts');
  return kafka.brokers.map((broker) => ({
    system: 'kafka',
    address: broker,
    ask: () => checkBroker(kafka, broker),
  }));
}

async function bucketCheck(minio: Given<'minio'>): Promise<ServerCheck> {
  const { checkBucket } = await import('../adapters/s3/bucket-check.ts');
  const address = `s3://${minio.bucket} on ${withoutLogin(minio.endpoint)}`;
  return { system: 'minio', address, ask: (deadlineMs) => checkBucket(minio, deadlineMs) };
}

async function elasticsearchCheck({ url, login }: Given<'elasticsearch'>): Promise<ServerCheck> {
  const { checkElasticsearch } = await import('../adapters/elasticsearch/server-check.ts');
  return {
    system: 'elasticsearch',
    address: withoutLogin(url),
    ask: (requestTimeout) => checkElasticsearch({ url, login, requestTimeout }),
  };
}

async function postgresCheck({ url }: Given<'warehouse'>): Promise<ServerCheck> {
  const { checkPostgres } = await import('../adapters/postgres/server-check.ts');
  const address = withoutLogin(url).replace(/^.*:\/\//, '');
  return { system: 'postgres', address, ask: (deadlineMs) => checkPostgres(url, deadlineMs) };
}

async function folderCheck(system: 'log' | 'lake', home: string): Promise<ServerCheck> {
  const { checkFolder } = await import('../adapters/folder/folder-check.ts');
  const address = join(home, system);
  return { system, address, ask: () => checkFolder(address) };
}

function withoutLogin(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`.replace(/\/$/, '');
}
