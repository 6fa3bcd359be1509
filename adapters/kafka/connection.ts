import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BaseOptions,
  type Broker,
  type Connection,
  ConnectionPool,
  FetchIsolationLevels,
  FindCoordinatorKeyTypes,
  findCoordinatorV3,
  listOffsetsV6,
  metadataV10,
  ProtocolError,
  parseBroker,
  ResponseError,
} from '@platformatic/kafka';
import { EventlakeError } from '../../core/errors.ts';
import { explainKafkaError, isConnectionError, kafkaErrorNames } from './errors.ts';
import { STOPPING_MS, Stopping } from './stopping.ts';

/** A topic as the brokers know it. */
export interface KafkaTopic {
  /** Another one when a topic of this name is made again. */
  readonly id: string;
  /** The number of the broker that leads each partition; -1 where there is none now. */
  readonly leaders: readonly number[];
}

/** Where Kafka is and how to log in. Kafka 3.1 or later. */
export interface KafkaAddress {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  /** By which the brokers know this program, as in their quotas. */
  readonly clientId?: string;
  readonly ssl?: boolean;
  /** Once it is raised, each call has {@link STOPPING_MS} left; what fails for that is not retriable. */
  readonly signal?: AbortSignal | undefined;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
}

const { READ_COMMITTED, READ_UNCOMMITTED } = FetchIsolationLevels;
const CLIENT_ID = 'eventlake';
const CONNECT_MS = 5_000;
/**
 * How long Kafka may say "not yet" (elections, a coordinator that starts, a transaction that ends) before it
 * is an error.
 */
const PATIENCE_MS = 30_000;
const NOT_YET = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
]);

/** The options that every client of the library shares. */
export function clientOptions(address: KafkaAddress): BaseOptions {
  const { sasl, ssl } = address;
  // TLS has names for hosts, but none for addresses.
  const named = address.brokers.every((broker) => isIP(parseBroker(broker).host) === 0);
  const mechanisms = {
    plain: 'PLAIN',
    'scram-sha-256': 'SCRAM-SHA-256',
    'scram-sha-512': 'SCRAM-SHA-512',
  } as const;
  return {
    clientId: address.clientId ?? CLIENT_ID,
    bootstrapBrokers: [...address.brokers],
    connectTimeout: CONNECT_MS,
    ...(ssl ? { tls: {}, tlsServerName: named } : {}),
    ...(sasl
      ? {
          sasl: {
            mechanism: mechanisms[sasl.mechanism],
            username: sasl.username,
            password: sasl.password,
          },
        }
      : {}),
  };
}

/**
 * Connections to the brokers of one cluster, and who is responsible for what.
 *
 * It speaks the protocol's requests directly: each method is one request to the right broker. A broker
 * answers the requests of a connection one after the other, so those who wait for long (fetches) have a
 * cluster of their own.
 */
export class KafkaCluster {
  readonly #address: KafkaAddress;
  readonly #pool: ConnectionPool;
  readonly #stopping: Stopping;
  readonly #bootstrap: Broker[];
  #brokers = new Map<number, Broker>();

  constructor(address: KafkaAddress) {
    this.#address = address;
    this.#pool = new ConnectionPool(address.clientId ?? CLIENT_ID, clientOptions(address));
    this.#stopping = new Stopping(this.#pool, address.signal);
    this.#bootstrap = address.brokers.map((broker) => parseBroker(broker));
  }

  /** Any broker: it passes requests to change topics on to the controller. */
  any(): Promise<Connection> {
    return this.#pool.getFirstAvailable([...this.#bootstrap, ...this.#brokers.values()]);
  }

  /** The broker with this number, as {@link topics} gave it. */
  broker(id: number): Promise<Connection> {
    const broker = this.#brokers.get(id);
    return broker ? this.#pool.get(broker) : this.any();
  }

  /** The numbers of the brokers that {@link topics} saw. */
  brokerIds(): number[] {
    return [...this.#brokers.keys()];
  }

  /**
   * The topics of these names as one broker knows them, any or `witness`; those that do not exist are left
   * out.
   */
  async topics(names: readonly string[], witness?: number): Promise<Map<string, KafkaTopic>> {
    return this.persist(async () => {
      const broker = await (witness === undefined ? this.any() : this.broker(witness));
      const response = await metadataV10.api
        .async(broker, [...names], false, false, false)
        .catch((error: unknown) => {
          if (!(error instanceof ResponseError)) throw error;
          const harmless = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'];
          if ([...kafkaErrorNames(error)].some((name) => !harmless.includes(name))) throw error;
          return error.response as Awaited<ReturnType<typeof metadataV10.api.async>>;
        });
      this.#brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
      const topics = new Map<string, KafkaTopic>();
      for (const { name, topicId, errorCode, partitions } of response.topics) {
        if (errorCode !== 0 || !name || !topicId) continue;
        const leaders: number[] = [];
        for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
        topics.set(name, { id: topicId, leaders });
      }
      return topics;
    });
  }

  /** The broker that keeps the transactions of this transactional id. */
  async transactionCoordinator(transactionalId: string): Promise<Connection> {
    return this.persist(async () => {
      const response = await findCoordinatorV3.api.async(
        await this.any(),
        FindCoordinatorKeyTypes.TRANSACTION,
        [transactionalId],
      );
      const found = response.coordinators[0];
      return this.#pool.get({ host: found?.host ?? '', port: found?.port ?? 0 });
    });
  }

  /**
   * An offset of each partition, by topic: the first that is still there (`earliest`), the one after the last
   * that a reader of committed records can see (`latest`: the last stable offset), or the one after the last
   * of all, those of open transactions too (`written`: the high watermark). Topics that do not exist are left
   * out.
   */
  async offsets(
    names: readonly string[],
    which: 'earliest' | 'latest' | 'written',
  ): Promise<Map<string, bigint[]>> {
    const timestamp = which === 'earliest' ? -2n : -1n;
    const isolation = which === 'written' ? READ_UNCOMMITTED : READ_COMMITTED;
    return this.persist(async () => {
      const found = new Map<string, bigint[]>();
      const requests = new Map<number, Map<string, number[]>>();
      for (const [topic, { leaders }] of await this.topics(names)) {
        found.set(topic, []);
        for (const [partition, leader] of leaders.entries()) {
          if (leader < 0) throw new ProtocolError('LEADER_NOT_AVAILABLE');
          const request = requests.get(leader) ?? new Map<string, number[]>();
          requests.set(leader, request.set(topic, [...(request.get(topic) ?? []), partition]));
        }
      }
      await Promise.all(
        [...requests].map(async ([leader, request]) => {
          const wanted = [...request].map(([name, partitions]) => ({
            name,
            partitions: partitions.map((partitionIndex) => ({
              partitionIndex,
              currentLeaderEpoch: -1,
              timestamp,
            })),
          }));
          const response = await listOffsetsV6.api.async(await this.broker(leader), -1, isolation, wanted);
          for (const { name, partitions } of response.topics) {
            const list = found.get(name) ?? [];
            for (const { partitionIndex, offset } of partitions) list[partitionIndex] = offset;
          }
        }),
      );
      return found;
    });
  }

  /**
   * Repeats a call for as long as Kafka answers that it is not ready for it yet. `call` looks up who is
   * responsible each time. `more` names answers that mean the same for this call.
   */
  async persist<T>(call: () => Promise<T>, more: readonly string[] = []): Promise<T> {
    return this.within(() => this.#persist(call, more));
  }

  async #persist<T>(call: () => Promise<T>, more: readonly string[]): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let pause = 5; ; pause = Math.min(pause * 2, 250)) {
      try {
        return await call();
      } catch (error) {
        const names = [...kafkaErrorNames(error)];
        const isNotYet = names.length > 0 && names.every((name) => NOT_YET.has(name) || more.includes(name));
        if (!isNotYet || Date.now() > deadline) throw error;
      }
      await sleep(pause);
    }
  }

  /** Runs requests that fail when they take long after the signal to stop. */
  within<T>(call: () => Promise<T>): Promise<T> {
    return this.#stopping.within(call);
  }

  /** The error for people that a failed call means; `doing` completes "Kafka at … could not …". */
  explain(error: unknown, doing: string): EventlakeError {
    if (this.#stopping.isOver && isConnectionError(error)) {
      const late = `not done ${STOPPING_MS / 1000} s after the signal to stop`;
      return new EventlakeError(
        'log:unreachable',
        `Kafka at ${this.#address.brokers.join(',')} could not ${doing}: ${late}.`,
        { hint: 'Nothing is lost: run it again once Kafka answers.', cause: error },
      );
    }
    return explainKafkaError(error, this.#address.brokers, doing);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
