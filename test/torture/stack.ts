import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type HttpProxy, startHttpProxy } from '../faults/http-proxy.ts';
import { mountSmallDisk, type SmallDisk } from '../faults/small-disk.ts';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { startElasticsearch } from '../servers/elasticsearch.ts';
import { startKafka } from '../servers/kafka.ts';
import { MINIO_TEST_ACCOUNT, startMinio } from '../servers/minio.ts';
import { type Server, type ServerName, stopServer } from '../servers/server.ts';

/**
 * Servers of the run's own, each behind its proxies: what the pipeline is told are the addresses of the
 * proxies.
 */
export interface TortureStack {
  readonly tcp: Readonly<Record<ServerName, TcpProxy>>;
  readonly http: Readonly<Record<'minio' | 'elasticsearch', HttpProxy>>;
  /** Where MinIO keeps its data, when it was asked for. */
  readonly minioDisk: SmallDisk | null;
  /** Ends a server with SIGKILL. */
  kill(name: ServerName): Promise<void>;
  /** Starts a server that was killed, with the data that it had. */
  restart(name: ServerName): Promise<void>;
  /** Sends a signal to a server, such as SIGSTOP and SIGCONT. */
  signal(name: ServerName, signal: NodeJS.Signals): void;
  close(): Promise<void>;
}

const MINIO_DISK_BYTES = 512 << 20;

/**
 * Starts all three, and names them in the environment as the tests' set-up does. A disk of MinIO's own takes
 * the rights of root.
 */
export async function startTortureStack(withMinioDisk: boolean): Promise<TortureStack> {
  // Elasticsearch runs as another user, who must be able to enter the folder.
  const folder = await mkdtemp('/tmp/torture-servers-');
  await chmod(folder, 0o755);
  const minioDisk = withMinioDisk ? await mountSmallDisk(join(folder, 'minio'), MINIO_DISK_BYTES) : null;
  const [kafkaTcp, minioTcp, elasticsearchTcp] = await Promise.all([1, 1, 1].map(() => startTcpProxy(1)));
  const [minioHttp, elasticsearchHttp] = await Promise.all(
    [1, 1].map(() => startHttpProxy('http://127.0.0.1:1')),
  );
  if (!kafkaTcp || !minioTcp || !elasticsearchTcp || !minioHttp || !elasticsearchHttp)
    throw new Error('no proxy');
  const tcp = { kafka: kafkaTcp, minio: minioTcp, elasticsearch: elasticsearchTcp };
  const http = { minio: minioHttp, elasticsearch: elasticsearchHttp };
  for (const name of ['minio', 'elasticsearch'] as const) tcp[name].target = http[name].port;

  const starts: Record<ServerName, (folder: string) => Promise<Server>> = {
    kafka: (own) => startKafka(own, tcp.kafka.port),
    minio: startMinio,
    elasticsearch: startElasticsearch,
  };
  const servers = new Map<ServerName, Server>();
  async function start(name: ServerName): Promise<void> {
    const server = await starts[name](join(folder, name));
    servers.set(name, server);
    if (name === 'kafka') tcp.kafka.target = server.port;
    else http[name].target = `http://127.0.0.1:${server.port}`;
  }
  function signal(name: ServerName, what: NodeJS.Signals): void {
    const server = servers.get(name);
    if (server !== undefined) process.kill(-server.pid, what);
  }
  for (const name of ['kafka', 'minio', 'elasticsearch'] as const) await start(name);

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
    signal,
    async kill(name) {
      const server = servers.get(name);
      if (server === undefined) return;
      signal(name, 'SIGKILL');
      await stopServer(server, 0);
    },
    restart: start,
    async close() {
      for (const server of servers.values()) await stopServer(server, 5);
      for (const proxy of [...Object.values(tcp), ...Object.values(http)]) await proxy.close();
      await minioDisk?.unmount();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
