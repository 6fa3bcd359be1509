import {
  addPartitionsToTxnV3,
  type Connection,
  createAPI,
  endTxnV3,
  initProducerIdV4,
  ProtocolError,
  produceV9,
  Writer,
} from '@platformatic/kafka';
import type { Chunk, LogWriter } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { OutgoingRecords } from '../../core/outgoing-records.ts';
import type { KafkaCluster, KafkaTopic } from './connection.ts';
import { type ProducerIdentity, RecordBatchEncoder } from './encode.ts';
import { isConnectionError, recreatedTopic } from './errors.ts';
import { SourceHeader } from './source-header.ts';
import type { KafkaTopics } from './topics.ts';
import { requireWhollyOpen, stalled, undecidedPartitions } from './undecided.ts';

/** A transaction that stays open for longer, because its writer died or sleeps, is aborted by the broker. */
const TRANSACTION_MS = 60_000;
const PRODUCE_MS = 30_000;
/**
 * While another writer takes over, the coordinator of Kafka 4 stumbles over the end of a transaction (an
 * IllegalStateException in TransactionMetadata.prepareTransitionTo: PREPARE_EPOCH_FENCE is pending) and
 * changes nothing. Asked again, it says who was first.
 */
const END_NOT_YET = ['UNKNOWN_SERVER_ERROR'];
/** Sequence numbers are 31 bits wide and start again at 0. */
const SEQUENCE_LIMIT = 2 ** 31;

/**
 * Writes chunks, each as one transaction, over requests of the protocol in the form before KIP-890's second
 * part (the epoch stays the same until a new writer asks for one), which every broker since 2.8 takes.
 *
 * The first failure ends the writer: nothing is sent again, because only the ledger knows whether a lost
 * answer was a commit.
 */
export class KafkaLogWriter implements LogWriter {
  readonly #cluster: KafkaCluster;
  readonly #topics: KafkaTopics;
  readonly #transactionalId: string;
  readonly #encoder = new RecordBatchEncoder();
  /** The next sequence number of each `topic/partition`. */
  readonly #sequences = new Map<string, number>();
  #kafkaTopics = new Map<string, KafkaTopic>();
  #identity: ProducerIdentity = { producerId: -1n, producerEpoch: -1 };
  #coordinator: Connection | undefined;
  #failure: EventlakeError | undefined;

  private constructor(cluster: KafkaCluster, topics: KafkaTopics) {
    this.#cluster = cluster;
    this.#topics = topics;
    this.#transactionalId = `eventlake-ingest-${topics.events}`;
  }

  /**
   * Supersedes every older writer of these topics. When it returns, what they left open is aborted and what
   * they committed is visible. The writer owns the cluster and closes it.
   */
  static async open(cluster: KafkaCluster, topics: KafkaTopics): Promise<KafkaLogWriter> {
    const writer = new KafkaLogWriter(cluster, topics);
    try {
      await writer.#begin();
      return writer;
    } catch (error) {
      await cluster.close();
      throw cluster.explain(error, `open a writer of topic ${topics.events}`);
    }
  }

  async #begin(): Promise<void> {
    const topics = Object.values(this.#topics);
    this.#kafkaTopics = await this.#cluster.topics(topics);
    const absent = topics.find((topic) => !this.#kafkaTopics.has(topic));
    if (absent !== undefined) {
      throw new EventlakeError('log:missing', `There is no topic ${absent}.`, {
        hint: 'Open the log before writing to it.',
      });
    }
    this.#identity = await this.#coordinated((coordinator) =>
      initProducerIdV4.api.async(coordinator, this.#transactionalId, TRANSACTION_MS),
    );
    await this.#abortForgotten();
  }

  /**
   * Aborts a transaction of an earlier writer that the coordinator has forgotten. Its records would become
   * visible with this writer's first commit, as both have one producer id.
   */
  async #abortForgotten(): Promise<void> {
    const open = await undecidedPartitions(this.#cluster, this.#topics);
    if (open.length === 0) return;
    await requireWhollyOpen(this.#cluster, this.#topics, open);
    await this.#addPartitions(open);
    await this.#end(false);
    if ((await undecidedPartitions(this.#cluster, this.#topics)).length > 0) throw stalled(this.#topics);
  }

  async append(chunk: Chunk): Promise<void> {
    if (this.#failure) throw this.#failure;
    const { events, deadLetters, ingestions } = this.#topics;
    const progress = new OutgoingRecords();
    progress.keys.pushText(chunk.progress.ingestion);
    progress.values.pushText(JSON.stringify(chunk.progress));
    progress.place(0);
    const source = new SourceHeader(chunk.progress.file);
    const queues = [
      ...queuesOf(events, chunk.events, source),
      ...queuesOf(deadLetters, chunk.deadLetters, source),
      ...queuesOf(ingestions, progress, source),
    ];
    try {
      await this.#addPartitions(queues);
      await this.#cluster.within(() => this.#produce(queues));
      await this.#requireSameTopics();
      await this.#end(true);
      await this.#settle();
    } catch (error) {
      this.#failure = this.#cluster.explain(error, `write to topic ${events}`);
      await this.#abandon(error);
      throw this.#failure;
    }
  }

  /** A topic that was made again would get the rest of a file as if it were all. */
  async #requireSameTopics(): Promise<void> {
    const found = await this.#cluster.topics(Object.values(this.#topics));
    for (const [name, { id }] of this.#kafkaTopics) {
      const now = found.get(name)?.id;
      if (now === undefined) throw new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION');
      if (now !== id) throw recreatedTopic(name, 'written to');
    }
  }

  async close(): Promise<void> {
    this.#failure ??= new EventlakeError(
      'log:closed',
      `The writer of topic ${this.#topics.events} is closed.`,
    );
    await this.#cluster.close();
  }

  /** Calls the coordinator of the transactions, wherever it is now, for as long as it says "not yet". */
  #coordinated<T>(call: (coordinator: Connection) => Promise<T>, notYet: readonly string[] = []): Promise<T> {
    return this.#cluster.persist(async () => {
      if (!this.#coordinator?.isConnected()) {
        this.#coordinator = await this.#cluster.transactionCoordinator(this.#transactionalId);
      }
      try {
        return await call(this.#coordinator);
      } catch (error) {
        this.#coordinator = undefined;
        throw error;
      }
    }, notYet);
  }

  /** Begins the transaction by telling the coordinator where it will write. */
  #addPartitions(queues: readonly Pick<Queue, 'topic' | 'partition'>[]): Promise<unknown> {
    const topics = [...Map.groupBy(queues, ({ topic }) => topic)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => partition),
    }));
    const { producerId, producerEpoch } = this.#identity;
    const transactionalId = this.#transactionalId;
    const transaction = { transactionalId, producerId, producerEpoch, verifyOnly: false, topics };
    return this.#coordinated((coordinator) => addPartitionsToTxnV3.api.async(coordinator, [transaction]));
  }

  /**
   * Sends request after request, each with at most one batch of a partition, without waiting for the answers
   * in between: a broker handles the requests of one connection in order, and refuses a batch whose
   * predecessor it refused.
   */
  async #produce(queues: readonly Queue[]): Promise<void> {
    const byLeader = Map.groupBy(
      queues,
      ({ topic, partition }) => this.#kafkaTopics.get(topic)?.leaders[partition] ?? -1,
    );
    await Promise.all(
      [...byLeader].map(async ([id, list]) => {
        const leader = await this.#cluster.broker(id);
        const answers: Promise<unknown>[] = [];
        for (
          let open = list;
          open.length > 0;
          open = open.filter(({ next, numbers }) => next < numbers.length)
        ) {
          const batches = open.map((queue) => ({
            topic: queue.topic,
            partition: queue.partition,
            batch: this.#pack(queue),
          }));
          answers.push(produce.async(leader, this.#transactionalId, batches));
        }
        const failed = (await Promise.allSettled(answers)).find(({ status }) => status === 'rejected');
        if (failed) throw (failed as PromiseRejectedResult).reason;
      }),
    );
  }

  #pack(queue: Queue): Buffer {
    const id = `${queue.topic}/${queue.partition}`;
    const sequence = this.#sequences.get(id) ?? 0;
    const { batch, next } = this.#encoder.encode(
      queue.records,
      queue.numbers,
      queue.next,
      this.#identity,
      sequence,
      queue.source,
    );
    this.#sequences.set(id, (sequence + next - queue.next) % SEQUENCE_LIMIT);
    queue.next = next;
    return batch;
  }

  #end(commit: boolean): Promise<unknown> {
    const { producerId, producerEpoch } = this.#identity;
    return this.#coordinated(
      (coordinator) =>
        endTxnV3.api.async(coordinator, this.#transactionalId, producerId, producerEpoch, commit),
      END_NOT_YET,
    );
  }

  /**
   * Waits until readers see the chunk. The commit is decided and durable, but its markers may still be on
   * their way to the partitions: ending the transaction again is refused with CONCURRENT_TRANSACTIONS until
   * they have arrived, and then does nothing. Where that fails, only the ledger knows whether they will.
   */
  async #settle(): Promise<void> {
    try {
      await this.#end(true);
    } catch (error) {
      // Who takes over has waited for the markers.
      if (this.#cluster.explain(error, 'commit').code !== 'log:fenced') throw error;
    }
  }

  /**
   * Aborts what a failed append left open, for readers would wait for it until it times out. Not after a
   * broken connection: a request that is still under way could arrive after the abort. The next writer takes
   * care of it.
   */
  async #abandon(reason: unknown): Promise<void> {
    if (isConnectionError(reason) || this.#failure?.code === 'log:fenced') return;
    await this.#end(false).catch(() => {});
  }
}

/** The records of one partition, and how far they are sent. */
interface Queue {
  readonly topic: string;
  readonly partition: number;
  readonly records: OutgoingRecords;
  /** Those of the partition. */
  readonly numbers: readonly number[];
  /** Of the records that are lines of a file. */
  readonly source: SourceHeader;
  next: number;
}

function queuesOf(topic: string, records: OutgoingRecords, source: SourceHeader): Queue[] {
  const byPartition = Map.groupBy(records.partitions.keys(), (i) => records.partitions[i] ?? 0);
  return [...byPartition].map(([partition, numbers]) => ({
    topic,
    partition,
    records,
    numbers,
    source,
    next: 0,
  }));
}

interface PackedForPartition {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

const produce = createAPI<
  [transactionalId: string, batches: PackedForPartition[]],
  ReturnType<typeof produceV9.parseResponse>
>(produceV9.api.key, produceV9.api.version, createProduceRequest, produceV9.parseResponse);

/**
 * Produce Request (version 9) => transactional_id acks timeout_ms [topic [partition records]]; acks -1 is all
 * replicas in sync.
 */
function createProduceRequest(transactionalId: string, batches: PackedForPartition[]): Writer {
  const topics = [...Map.groupBy(batches, ({ topic }) => topic)];
  return Writer.create()
    .appendString(transactionalId)
    .appendInt16(-1)
    .appendInt32(PRODUCE_MS)
    .appendArray(topics, (writer, [topic, list]) => {
      writer.appendString(topic).appendArray(list, (inner, { partition, batch }) => {
        inner
          .appendInt32(partition)
          .appendUnsignedVarInt(batch.length + 1)
          .append(batch);
      });
    })
    .appendTaggedFields();
}
