import { metadataV10 } from '@platformatic/kafka';
import type { ServerState } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { type KafkaAddress, KafkaCluster } from './connection.ts';

/**
 * Asks one broker, and no other, for the cluster that it is part of; logs in where the address says so.
 * @param broker its `host:port`
 * @throws as `explainKafkaError` says; `log:unavailable` when its cluster has no controller
 */
export async function checkBroker(address: KafkaAddress, broker: string): Promise<ServerState> {
  const cluster = new KafkaCluster({ ...address, brokers: [broker] });
  try {
    const { brokers, controllerId } = await metadataV10.api.async(
      await cluster.any(),
      [],
      false,
      false,
      false,
    );
    if (controllerId < 0) {
      throw new EventlakeError('log:unavailable', `Kafka at ${broker}: the cluster has no controller now.`, {
        hint: 'Are most of its controllers running? Look at the logs of the brokers.',
        retriable: true,
      });
    }
    return {
      version: null,
      detail: `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'} in its cluster`,
    };
  } catch (error) {
    throw cluster.explain(error, 'describe the cluster');
  } finally {
    await cluster.close();
  }
}
