import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { runCommand } from './command.ts';
import { freePort } from './free-port.ts';
import { requireJdk, requireMaven } from './prerequisites.ts';
import { launchServer, type Server } from './server.ts';
import { softwareFolder } from './software.ts';

const VERSION = '4.3.1';
const SOURCES = join(import.meta.dirname, 'kafka');

/** Installs the Kafka server's jars, and gives their class path. */
export async function installKafka(): Promise<string> {
  const folder = await softwareFolder(`kafka-${VERSION}`, async (part) => {
    await requireJdk();
    const maven = await requireMaven();
    await cp(join(SOURCES, 'pom.xml'), join(part, 'pom.xml'));
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    await runCommand(maven, ['-B', '-q', goal, '-DincludeScope=runtime', '-DoutputDirectory=libs'], {
      cwd: part,
    });
  });
  return join(folder, 'libs', '*');
}

/**
 * Starts a Kafka broker that is its own controller (KRaft). A folder used before keeps its topics.
 *
 * Topics must be created: a misspelt name is an error, as on a well-kept cluster.
 *
 * @param advertisedPort where clients are sent once they have asked at the server's port: that of a proxy
 *   before it
 */
export async function startKafka(folder: string, advertisedPort?: number): Promise<Server> {
  const port = await freePort();
  const ports = {
    clients: port,
    advertised: advertisedPort ?? port,
    broker: await freePort(),
    controller: await freePort(),
  };
  return runBroker({
    ...{ folder, port, properties: serverProperties(ports) },
    clusterId: newClusterId(),
    isReady: () => isKafkaReady([`127.0.0.1:${port}`]),
  });
}

/** The name of a new cluster. */
export function newClusterId(): string {
  return randomBytes(16).toString('hex').slice(0, 22);
}

/**
 * A broker that is also a controller, and the properties that it runs with, but for the place of its data.
 */
interface Broker {
  readonly folder: string;
  readonly port: number;
  readonly properties: string;
  /** Of a folder that is new. */
  readonly clusterId: string;
  /** Accounts of a folder that is new, as Kafka's tool takes them: `SCRAM-SHA-256=[name=a,password=b]`. */
  readonly accounts?: readonly string[];
  readonly isReady: () => Promise<boolean>;
}

/** Formats the broker's folder if it is new, and starts the broker. */
export async function runBroker(broker: Broker): Promise<Server> {
  const { folder, port, properties, clusterId, accounts = [], isReady } = broker;
  const classPath = await installKafka();
  const java = await requireJdk();
  const data = join(folder, 'data');
  const propertiesPath = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true });
  await writeFile(propertiesPath, `${properties}log.dirs=${data}\n`);
  if (!existsSync(join(data, 'meta.properties'))) {
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesPath];
    const added = accounts.flatMap((account) => ['--add-scram', account]);
    const small = ['-XX:TieredStopAtLevel=1', '-Xmx128m'];
    await runCommand(java.command, [...small, '-cp', classPath, ...format, ...added]);
  }
  return launchServer({
    name: 'kafka',
    port,
    folder,
    command: java.command,
    args: [
      '-Xms256m',
      '-Xmx384m',
      '-XX:+ExitOnOutOfMemoryError',
      `-Dlog4j2.configurationFile=${join(SOURCES, 'log4j2.xml')}`,
      '-cp',
      classPath,
      'kafka.Kafka',
      propertiesPath,
    ],
    isReady,
    timeoutSeconds: 60,
  });
}

/** How a client logs in to Kafka. */
export interface KafkaLogin {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

/**
 * Whether the cluster answers to its clients, has a controller and, if that is said, so many brokers. `ca`:
 * by TLS with this certificate.
 */
export async function isKafkaReady(
  brokers: string[],
  { sasl, ca, size = 1 }: { sasl?: KafkaLogin; ca?: string; size?: number } = {},
): Promise<boolean> {
  const admin = new Admin({
    clientId: 'eventlake-services',
    bootstrapBrokers: brokers,
    retries: false,
    connectTimeout: 1000,
    requestTimeout: 2000,
    ...(sasl && { sasl }),
    ...(ca && { tls: { ca }, tlsServerName: true }),
  });
  try {
    const cluster = await admin.metadata({ topics: [] });
    return cluster.brokers.size >= size && cluster.controllerId >= 0;
  } finally {
    await admin.close();
  }
}

interface Ports {
  readonly clients: number;
  readonly advertised: number;
  readonly broker: number;
  readonly controller: number;
}

/** For a broker that starts quickly, and takes little memory. */
export const SMALL = `offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
# The default of 128 MB is taken from the heap at the start.
log.cleaner.dedupe.buffer.size=16777216
`;

/** For a broker that is alone: every internal topic has one replica. */
export const ALONE = `auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
${SMALL}`;

/**
 * The broker talks to itself through a listener of its own: what harms its clients harms no transaction
 * marker.
 */
function serverProperties({ clients, advertised, broker, controller }: Ports): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${clients},BROKER://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${advertised},BROKER://127.0.0.1:${broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
${ALONE}`;
}
