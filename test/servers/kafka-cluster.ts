import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { isKafkaReady, type KafkaLogin, newClusterId, runBroker, SMALL } from './kafka.ts';
import { type Server, stopServer } from './server.ts';

/**
 * The accounts of a cluster: one for the programs that write, one for those that read. They guard nothing but
 * test data.
 */
export const WRITER: KafkaLogin = { mechanism: 'PLAIN', username: 'shop', password: 'shop-secret' };
export const READER: KafkaLogin = { mechanism: 'PLAIN', username: 'eventlake', password: '100%;#"secret"' };

/** Three brokers, which are controllers, too, and ask their clients for a login by SASL. */
export interface KafkaCluster {
  /** Their addresses; the broker with number N is the one at N - 1. */
  readonly brokers: readonly string[];
  /** Ends a broker with SIGKILL. */
  kill(id: number): Promise<void>;
  /** Starts a broker that was killed, with the data that it had, and waits until the cluster has it. */
  restart(id: number): Promise<void>;
  close(): Promise<void>;
}

/** Every topic has three replicas, of which two are enough to write. */
const REPLICAS = `default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
`;
/** A broker that is gone is found out soon. */
const SOON = 'broker.session.timeout.ms=3000\nbroker.heartbeat.interval.ms=500\n';

/** Starts the cluster; what it keeps is below `folder`. */
export async function startKafkaCluster(folder: string): Promise<KafkaCluster> {
  const ports = async () => ({
    client: await freePort(),
    broker: await freePort(),
    controller: await freePort(),
  });
  const nodes = [
    { id: 1, ...(await ports()) },
    { id: 2, ...(await ports()) },
    { id: 3, ...(await ports()) },
  ];
  const brokers = nodes.map(({ client }) => `127.0.0.1:${client}`);
  const voters = nodes.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join(',');
  const clusterId = newClusterId();
  const servers = new Map<number, Server>();

  async function start(id: number): Promise<void> {
    const node = nodes[id - 1];
    if (node === undefined) throw new Error(`there is no broker ${id}`);
    const { client, broker, controller } = node;
    const properties = `process.roles=broker,controller
node.id=${id}
controller.quorum.voters=${voters}
listeners=CLIENT://127.0.0.1:${client},BROKER://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=CLIENT://127.0.0.1:${client},BROKER://127.0.0.1:${broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.client.sasl.enabled.mechanisms=PLAIN
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required ${accounts()};
auto.create.topics.enable=false
${REPLICAS}${SOON}${SMALL}`;
    const isReady = () => isKafkaReady([`127.0.0.1:${client}`], { sasl: READER, size: 3 });
    servers.set(
      id,
      await runBroker({ folder: join(folder, `${id}`), port: client, properties, clusterId, isReady }),
    );
  }

  await Promise.all(nodes.map(({ id }) => start(id)));
  return {
    brokers,
    async kill(id) {
      const server = servers.get(id);
      if (server === undefined) return;
      process.kill(-server.pid, 'SIGKILL');
      await stopServer(server, 0);
    },
    restart: start,
    async close() {
      // Nothing in them is kept.
      await Promise.all([...servers.values()].map((server) => stopServer(server, 0)));
    },
  };
}

/** As a line of a .properties file, in which a backslash is two. */
function accounts(): string {
  return [WRITER, READER]
    .map(({ username, password }) => `user_${username}="${password.replaceAll('"', '\\\\"')}"`)
    .join(' ');
}
