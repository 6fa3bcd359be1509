import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Admin } from '@platformatic/kafka';
import type { ProcessResult } from '../../processing/process.ts';
import { Home } from '../cli/fixtures.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { type KafkaCluster, READER, startKafkaCluster, WRITER } from '../servers/kafka-cluster.ts';
import { type JavaProducer, startJavaProducer } from '../servers/kafka-producer.ts';
import { locate, POSTGRES, SPARK } from '../servers/test-servers.ts';
import { waitFor } from '../wait-for.ts';

const TOPIC = 'product_view';
const MESSAGES = 3000;
const NOON = 1_700_000_000;
/** How often a broker is killed; the one before is started again. `make torture` sets more. */
const KILLS = Number(process.env.BROKER_KILLS || 1);

jest.setTimeout(300_000 + KILLS * 60_000);

let folder: string;
let home: Home;
let cluster: KafkaCluster;
let producer: JavaProducer;
let follower: ReturnType<Home['start']> | undefined;
let reader: WarehouseReader;
let server: string;
let settings: Record<string, string>;
let config: string;
const database = `test_${randomUUID().replaceAll('-', '')}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sasl-cluster-'));
  [home, cluster, reader, { address: server }] = await Promise.all([
    Home.create(),
    startKafkaCluster(folder),
    WarehouseReader.start(),
    locate(POSTGRES),
  ]);
  await reader.rows(server, `CREATE DATABASE ${database}`);
  settings = { WAREHOUSE_URL: server.replace(/\/[^/]*$/, `/${database}`), BATCH_SECONDS: '1' };
  await asked((admin) => admin.createTopics({ topics: [TOPIC], partitions: 3, replicas: 3 }));
  producer = await startJavaProducer(folder, TOPIC, cluster.brokers, WRITER);
  config = join(home.folder, 'config.ini');
  await writeFile(config, iniOf(READER.password));
});
afterAll(async () => {
  follower?.kill('SIGKILL');
  await cluster.close();
  await reader.rows(server, `DROP DATABASE ${database} WITH (FORCE)`);
  await reader.stop();
  for (const one of [home.folder, folder]) await rm(one, { recursive: true });
});

const iniOf = (password: string) => `[remote_kafka]
kafka.bootstrap.servers = ${cluster.brokers.join(', ')}
kafka.security.protocol = SASL_PLAINTEXT
kafka.sasl.mechanism = PLAIN
kafka.sasl.jaas.config = org.apache.kafka.common.security.plain.PlainLoginModule required username="${READER.username}" password="${password.replaceAll('"', '\\"')}";
`;

interface Message {
  readonly id: string;
  readonly time_stamp: number;
  readonly product_id: string | undefined;
  readonly collection: string;
}

/** Every fourth is without a product, every fifth comes again later, with a later time. */
const messages: Message[] = Array.from({ length: MESSAGES }, (_, n) => ({
  id: `view-${n}`,
  time_stamp: NOON + n * 60,
  product_id: n % 4 === 0 ? undefined : `p${n % 50}`,
  collection: 'view_product_detail',
}));
const sent = messages.flatMap((message, n) =>
  n % 5 === 0
    ? [message, { ...message, time_stamp: message.time_stamp + 7, collection: 'again' }]
    : [message],
);

/** The facts as they must be: one for each message, the earliest. */
const expected = messages
  .map(({ id, time_stamp, product_id, collection }) => {
    const [day, time] = new Date(time_stamp * 1000).toISOString().split(/[T.]/);
    return {
      sales_key: createHash('sha256')
        .update(`${id}${product_id ?? ''}`)
        .digest('hex'),
      ...{ full_date: day, full_time: time, product_key: product_id ?? null, collection },
    };
  })
  .sort((a, b) => (a.sales_key < b.sales_key ? -1 : 1));

const rows = (sql: string) => reader.rows(settings.WAREHOUSE_URL ?? '', sql);
const facts = async () => Number((await rows('SELECT count(*)::int AS n FROM fact_sales'))[0]?.n);

/** Which brokers are well, in their order. */
async function health(ini = config): Promise<{ code: number | null; said: (string | null)[] }> {
  const { code, stdout } = await home.run(['health', 'kafka', '--json', '--config', ini], settings);
  const { servers } = JSON.parse(stdout) as { servers: { error: { code: string } | null }[] };
  return { code, said: servers.map(({ error }) => error?.code ?? null) };
}

/** What the cluster answers to an administrator, once it does: a broker that is asked may just be gone. */
async function asked<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
  const bootstrapBrokers = [...cluster.brokers];
  const admin = new Admin({ clientId: 'test', bootstrapBrokers, sasl: WRITER, retries: 20 });
  return ask(admin).finally(() => admin.close());
}

/** The number of the broker that leads a partition of the topic, once there is one. */
async function leaderOf(partition: number): Promise<number> {
  const leader = async () => {
    const { topics } = await asked((admin) => admin.metadata({ topics: [TOPIC] }));
    return topics.get(TOPIC)?.partitions[partition]?.leader ?? -1;
  };
  return waitFor(leader, (id) => id > 0);
}

test('three brokers with a login: one is killed while process follows, and the facts are exact', async () => {
  expect(await health()).toEqual({ code: 0, said: [null, null, null] });
  const wrong = join(home.folder, 'wrong.ini');
  await writeFile(wrong, iniOf('wrong'));
  expect(await health(wrong)).toEqual({ code: 1, said: Array(3).fill('log:unauthorized') });

  expect(await home.run(['setup', 'product_views', '--config', config], settings)).toMatchObject({ code: 0 });
  follower = home.start(['process', 'product_views', '--follow', '--config', config], settings);
  const log = text(follower.stderr);
  let killed = 0;
  let seen = 0;
  const lines = sent.map((message) => `${message.id}\t${JSON.stringify(message)}`);
  const part = Math.ceil(lines.length / (2 * KILLS + 1));
  for (let kill = 0; kill < KILLS; kill += 1) {
    producer.write(lines.splice(0, part));
    const before = seen;
    seen = await waitFor(facts, (now) => now > before);
    if (killed > 0) await cluster.restart(killed);
    killed = await leaderOf(kill % 3);
    // These are on their way when the broker is killed.
    producer.write(lines.splice(0, part));
    await cluster.kill(killed);
  }
  producer.write(lines);
  await producer.end();
  const job = follower;
  await waitFor(facts, (n) => n === MESSAGES || job.exitCode !== null);
  job.kill('SIGTERM');
  const [code] = job.exitCode === null ? await once(job, 'close') : [job.exitCode];
  expect({ code, log: code === 0 ? '' : await log }).toEqual({ code: 0, log: '' });

  const columns = 'sales_key, full_date::text, full_time, product_key, collection';
  expect(await rows(`SELECT ${columns} FROM fact_sales ORDER BY sales_key COLLATE "C"`)).toEqual(expected);
  const said = cluster.brokers.map((_, i) => (i + 1 === killed ? 'log:unreachable' : null));
  expect(await health()).toEqual({ code: 1, said });
  // Two of three brokers are enough for all that is asked.
  expect(await home.run(['audit', 'product_views', '--config', config], settings)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('balanced'),
  });
});

test('Spark logs in, too, and computes the same facts into another lake', async () => {
  const bucket = `test-${randomUUID()}`;
  const { WAREHOUSE_URL: _, ...rest } = settings;
  const own = {
    ...{ ...rest, EVENTLAKE_HOME: join(folder, 'spark-home'), MINIO_BUCKET: bucket },
    MINIO_ENDPOINT: process.env.EVENTLAKE_TEST_MINIO ?? '',
    MINIO_ACCESS_KEY: process.env.EVENTLAKE_TEST_MINIO_ACCESS_KEY ?? '',
    MINIO_SECRET_KEY: process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY ?? '',
    SPARK_REMOTE: (await locate(SPARK)).address,
  };
  const args = ['process', 'product_views', '--engine', 'spark', '--config', config, '--json'];
  const { code, stdout, stderr } = await home.run(args, own);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(stderr).not.toContain(READER.password);
  const { archive, models } = JSON.parse(stdout) as ProcessResult;
  expect(archive).toMatchObject({ events: sent.length, rejected: 0 });
  expect(models?.find(({ table }) => table === 'fact_sales')).toMatchObject({ rows: `${MESSAGES}` });
  expect(await home.run(['audit', 'product_views', '--config', config], own)).toMatchObject({ code: 0 });
});
