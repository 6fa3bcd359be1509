import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { freePort } from './free-port.ts';
import { ALONE, isKafkaReady, type KafkaLogin, newClusterId, runBroker } from './kafka.ts';
import { requireJdk } from './prerequisites.ts';
import type { Server } from './server.ts';

/** Of the key store, which guards nothing but test data. */
const PASSWORD = 'eventlake-test-secret';

/** A broker whose clients come by TLS alone and log in by SCRAM. */
export interface TlsKafka {
  readonly server: Server;
  /** The PEM file of its certificate, which is for `localhost` and 127.0.0.1. */
  readonly certificate: string;
}

/** Starts a broker with these accounts; what it keeps is below `folder`. */
export async function startTlsKafka(
  folder: string,
  logins: readonly [KafkaLogin, ...KafkaLogin[]],
): Promise<TlsKafka> {
  await mkdir(folder, { recursive: true });
  const keys = join(folder, 'keys.p12');
  const certificate = await makeKeys(folder, keys);
  const ca = await readFile(certificate, 'utf8');
  const [port, broker, controller] = [await freePort(), await freePort(), await freePort()];
  const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=CLIENT://127.0.0.1:${port},BROKER://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=CLIENT://localhost:${port},BROKER://127.0.0.1:${broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listener.security.protocol.map=CLIENT:SASL_SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.client.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location=${keys}
ssl.keystore.password=${PASSWORD}
ssl.key.password=${PASSWORD}
${ALONE}`;
  const accounts = logins.map(
    ({ mechanism, username, password }) => `${mechanism}=[name=${username},password=${password}]`,
  );
  const server = await runBroker({
    ...{ folder, port, properties, accounts, clusterId: newClusterId() },
    isReady: () => isKafkaReady([`localhost:${port}`], { sasl: logins[0], ca }),
  });
  return { server, certificate };
}

/** Makes a key with a certificate of its own, and gives the certificate's file. */
async function makeKeys(folder: string, keys: string): Promise<string> {
  const { home } = await requireJdk();
  const keytool = join(home, 'bin', 'keytool');
  const store = ['-keystore', keys, '-storepass', PASSWORD, '-alias', 'broker'];
  const names = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1'];
  await runCommand(keytool, [
    ...['-genkeypair', '-storetype', 'PKCS12', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '30'],
    ...[...store, ...names],
  ]);
  const certificate = join(folder, 'certificate.pem');
  await runCommand(keytool, ['-exportcert', '-rfc', ...store, '-file', certificate]);
  return certificate;
}
