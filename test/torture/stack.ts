import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type HttpProxy, startHttpProxy } from '../faults/http-proxy.ts';
import { mountSmallDisk, type SmallDisk } from '../faults/small-disk.ts';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { startElasticsearch } from '../servers/elasticsearch.ts';
import { startKafka } from '../servers/kafka.ts';
import { MINIO_TEST_ACCOUNT, startMinio } from '../servers/minio.ts';
import { killPostgres, startPostgres } from '../servers/postgres.ts';
import { type Server, type ServerName, stopServer } from '../servers/server.ts';
import { type SparkCluster, startSparkCluster } from './spark-cluster.ts';

/** A server that faults befall. */
type Killed = ServerName | 'postgres';

/**
 * Servers of the run's own, each behind its proxies: what the pipeline is told are the addresses of the
 * proxies.
 */
export interface TortureStack {
  readonly tcp: Readonly<Record<Killed, TcpProxy>>;
  readonly http: Readonly<Record<'minio' | 'elasticsearch', HttpProxy>>;
  /** Where MinIO keeps its data, when it was asked for. */
  readonly minioDisk: SmallDisk | null;
  /** When it was asked for. */
  readonly spark: SparkCluster | null;
  /** Ends a server with SIGKILL. */
  kill(name: Killed): Promise<void>;
  /** Starts a server that was killed, with the data that it had. */
  restart(name: Killed): Promise<void>;
  /** Sends a signal to a server, such as SIGSTOP and SIGCONT. */
  signal(name: Killed, signal: NodeJS.Signals): void;
  close(): Promise<void>;
}

const MINIO_DISK_BYTES = 512 << 20;

/** What only some faults need. */
export interface Extras {
  /** A disk of MinIO's own, which takes the rights of root. */
  readonly minioDisk: boolean;
  readonly postgres: boolean;
  readonly spark: boolean;
}

/** Starts the servers, and names them in the environment as the tests' set-up does. */
export async function startTortureStack(extras: Extras): Promise<TortureStack> {
  // Elasticsearch runs as another user, who must be able to enter the folder.
  const folder = await mkdtemp('/tmp/torture-servers-');
  await chmod(folder, 0o755);
  const minioDisk = extras.minioDisk ? await mountSmallDisk(join(folder, 'minio'), MINIO_DISK_BYTES) : null;
  const [kafkaTcp, minioTcp, elasticsearchTcp, postgresTcp] = await Promise.all(
    [1, 1, 1, 1].map(() => startTcpProxy(1)),
  );
  const [minioHttp, elasticsearchHttp] = await Promise.all(
    [1, 1].map(() => startHttpProxy('http://127.0.0.1:1')),
  );
  if (!kafkaTcp || !minioTcp || !elasticsearchTcp || !postgresTcp || !minioHttp || !elasticsearchHttp)
    throw new Error('no proxy');
  const tcp = { kafka: kafkaTcp, minio: minioTcp, elasticsearch: elasticsearchTcp, postgres: postgresTcp };
  const http = { minio: minioHttp, elasticsearch: elasticsearchHttp };
  for (const name of ['minio', 'elasticsearch'] as const) tcp[name].target = http[name].port;

  const starts: Record<Killed, (folder: string) => Promise<Server>> = {
    kafka: (own) => startKafka(own, tcp.kafka.port),
    minio: startMinio,
    elasticsearch: startElasticsearch,
    postgres: startPostgres,
  };
  const servers = new Map<Killed, Server>();
  async function start(name: Killed): Promise<void> {
    const server = await starts[name](join(folder, name));
    servers.set(name, server);
    if (name === 'kafka' || name === 'postgres') tcp[name].target = server.port;
    else http[name].target = `http://127.0.0.1:${server.port}`;
  }
  function signal(name: Killed, what: NodeJS.Signals): void {
    const server = servers.get(name);
    if (server !== undefined) process.kill(-server.pid, what);
  }
  for (const name of ['kafka', 'minio', 'elasticsearch'] as const) await start(name);
  if (extras.postgres) await start('postgres');
  const spark = extras.spark ? await startSparkCluster(join(folder, 'spark')) : null;

  const { accessKey, secretKey } = MINIO_TEST_ACCOUNT;
  Object.assign(process.env, {
    EVENTLAKE_TEST_KAFKA: `127.0.0.1:${tcp.kafka.port}`,
    EVENTLAKE_TEST_MINIO: `http://127.0.0.1:${tcp.minio.port}`,
    EVENTLAKE_TEST_MINIO_ACCESS_KEY: accessKey,
    EVENTLAKE_TEST_MINIO_SECRET_KEY: secretKey,
    EVENTLAKE_TEST_ELASTICSEARCH: `http://127.0.0.1:${tcp.elasticsearch.port}`,
  });
  return {
    tcp,
    http,
    minioDisk,
    spark,
    signal,
    async kill(name) {
      const server = servers.get(name);
      if (server === undefined) return;
      if (name === 'postgres') killPostgres(server);
      else signal(name, 'SIGKILL');
      await stopServer(server, 0);
    },
    restart: start,
    async close() {
      await spark?.stop();
      for (const server of servers.values()) await stopServer(server, 5);
      for (const proxy of [...Object.values(tcp), ...Object.values(http)]) await proxy.close();
      await minioDisk?.unmount();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
