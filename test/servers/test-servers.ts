import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installElasticsearch, isElasticsearchReady, startElasticsearch } from './elasticsearch.ts';
import { ServerError } from './errors.ts';
import { installKafka, isKafkaReady, startKafka } from './kafka.ts';
import { withLock } from './lock.ts';
import { installMinio, isMinioReady, startMinio } from './minio.ts';
import { installPostgres, isPostgresReady, startPostgres, urlOf } from './postgres.ts';
import { type AnyServerName, runningServer, type Server, type ServerName, stopServer } from './server.ts';
import { servicesHome } from './software.ts';
import { installSpark, isSparkReady, remoteOf, startSpark } from './spark.ts';

/** One of the servers that all test runs of this user share. */
export interface TestServer<Name = AnyServerName> {
  name: Name;
  /** The setting of the pipeline by which a server can be named from outside. */
  variable: string;
  install: () => Promise<unknown>;
  start: (folder: string) => Promise<Server>;
  /** How its clients are told where it is. */
  address: (server: Server) => string;
  isReady: (address: string) => Promise<boolean>;
}

/** What every test run starts. */
export const TEST_SERVERS: readonly TestServer<ServerName>[] = [
  {
    name: 'kafka',
    variable: 'KAFKA_BROKERS',
    install: installKafka,
    start: (folder) => startKafka(folder),
    address: ({ port }) => `127.0.0.1:${port}`,
    isReady: (address) => isKafkaReady(address.split(',')),
  },
  {
    name: 'minio',
    variable: 'MINIO_ENDPOINT',
    install: installMinio,
    start: startMinio,
    address: ({ port }) => `http://127.0.0.1:${port}`,
    isReady: isMinioReady,
  },
  {
    name: 'elasticsearch',
    variable: 'ELASTICSEARCH_URL',
    install: installElasticsearch,
    start: startElasticsearch,
    address: ({ port }) => `http://127.0.0.1:${port}`,
    isReady: isElasticsearchReady,
  },
];

/** Started by the tests that need it, or by `make services WITH=postgres`. */
export const POSTGRES: TestServer = {
  name: 'postgres',
  variable: 'WAREHOUSE_URL',
  install: installPostgres,
  start: (folder) => startPostgres(folder),
  address: urlOf,
  isReady: isPostgresReady,
};

/** Started by the tests that need it, or by `make services WITH=spark`. */
export const SPARK: TestServer = {
  name: 'spark',
  variable: 'SPARK_REMOTE',
  install: installSpark,
  start: (folder) => startSpark(folder),
  address: remoteOf,
  isReady: isSparkReady,
};

/** Where a server of the tests is and how it was found. */
export interface Located {
  address: string;
  origin: 'address given' | 'started here';
}

/**
 * The address in the environment if there is one, else that of the shared server, which is started if need
 * be.
 *
 * @throws ServerError `test:server_missing` when nothing answers at the address given
 */
export async function locate(server: TestServer): Promise<Located> {
  const given = process.env[server.variable];
  if (given) {
    if (await answers(server, given)) return { address: given, origin: 'address given' };
    throw new ServerError('test:server_missing', `No ${server.name} answers at ${server.variable}.`, {
      hint: `Start it, or unset ${server.variable} to have one started for the tests.`,
    });
  }
  return { address: await startTestServer(server), origin: 'started here' };
}

/** Where a shared server keeps its data, its log and the record of its process. */
export function testServerFolder(name: AnyServerName): string {
  return join(servicesHome(), 'run', name);
}

/**
 * The address of a shared server, which is installed and started unless it already runs and answers. A server
 * that has to be started begins empty.
 */
export async function startTestServer(server: TestServer): Promise<string> {
  await server.install();
  const folder = testServerFolder(server.name);
  return withLock(`${folder}.lock`, async () => {
    const present = runningServer(folder);
    if (present !== undefined) {
      const address = server.address(present);
      if (await answers(server, address)) return address;
      console.error(`${server.name}: process ${present.pid} does not answer, starting another`);
      await stopServer(present, 5);
    }
    await rm(folder, { recursive: true, force: true });
    return server.address(await server.start(folder));
  });
}

/**
 * Whether a server does what its clients need. It is asked for up to half a minute: on a busy machine it may
 * be slow to answer, and to replace it would take its data from the tests that keep it busy.
 */
export async function answers(server: TestServer, address: string): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await server.isReady(address).catch(() => false)) return true;
    await sleep(500);
  }
  return false;
}
