import { Consumer } from '@platformatic/kafka';
import { clientOptions, type KafkaAddress } from './connection.ts';
import { Stopping } from './stopping.ts';

/**
 * A member that is killed is replaced this long after its last heartbeat. The broker allows no less than 6 s
 * by default.
 */
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_500;
/** How long a rebalance waits for members to join again. */
const REBALANCE_MS = 10_000;

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a group hears from Kafka. */
export interface GroupListener {
  /**
   * The partitions that this member has from now on. `continued` is true when it has been a member without a
   * break, so that a partition which it had before was nobody else's in between.
   */
  assigned(partitions: readonly TopicPartition[], continued: boolean): void;
  /** The membership is lost for good. */
  failed(error: unknown): void;
}

/**
 * This process's membership in a consumer group, by the classic protocol: joining, heartbeats and rebalances
 * need no caller. Only the membership is the library's; records are fetched elsewhere.
 */
export class KafkaGroup {
  readonly #consumer: Consumer;
  readonly #stopping: Stopping;

  private constructor(consumer: Consumer, stopping: Stopping) {
    this.#consumer = consumer;
    this.#stopping = stopping;
  }

  /** Joins and waits for the first assignment, which `listener` has heard when this returns. */
  static async join(
    address: KafkaAddress,
    group: string,
    topics: readonly string[],
    listener: GroupListener,
  ): Promise<KafkaGroup> {
    const consumer = new Consumer({
      ...clientOptions(address),
      groupId: group,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_MS,
      retries: 10,
      retryDelay: 500,
    });
    const stopping = new Stopping(consumer.connections, address.signal);
    let last: { memberId: string; generation: number } | undefined;
    consumer.on('consumer:group:join', ({ memberId, generationId, assignments }) => {
      const generation = generationId ?? -1;
      const continued = last?.memberId === memberId && last.generation + 1 === generation;
      last = { memberId, generation };
      const partitions = (assignments ?? []).flatMap(({ topic, partitions: list }) =>
        list.map((partition) => ({ topic, partition })),
      );
      listener.assigned(partitions, continued);
    });
    consumer.on('error', (error: unknown) => listener.failed(error));
    for (const topic of topics) consumer.topics.track(topic);
    try {
      await stopping.within(() => consumer.joinGroup());
      return new KafkaGroup(consumer, stopping);
    } catch (error) {
      await consumer.close(true).catch(() => {});
      throw error;
    }
  }

  /** Stores the offsets that lag tools compare with the ends of the partitions. */
  async commit(offsets: readonly (TopicPartition & { readonly offset: bigint })[]): Promise<void> {
    const committed = offsets.map((one) => ({ ...one, leaderEpoch: -1 }));
    await this.#stopping.within(() => this.#consumer.commit({ offsets: committed }));
  }

  /** Leaves the group, so that the others take over at once. */
  async close(): Promise<void> {
    await this.#stopping.within(() => this.#consumer.close(true));
  }
}
