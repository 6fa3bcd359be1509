import { setTimeout as sleep } from 'node:timers/promises';
import { ProtocolError, protocolErrors } from '@platformatic/kafka';
import type { Partition } from '../../core/contracts.ts';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import type { KafkaCluster, KafkaTopic } from './connection.ts';
import { inPartition, isConnectionError, kafkaErrorNames, recreatedTopic } from './errors.ts';
import { type FetchedPartition, fetchBatches } from './fetch.ts';
import type { BatchQueue } from './queue.ts';

/** Nothing is fetched while this much of a leader's partitions waits to be read, packed. */
const WAITING_BYTES = 2 * 1024 * 1024;
/** How long a broker holds back an answer when there is nothing new. */
const LONG_POLL_MS = 500;
const RETRY_MS = 200;
const UNKNOWN_LEADER = -1;

/** One partition that is being read. */
export interface Cursor extends Partition {
  readonly topic: string;
  /** The next offset to fetch. */
  offset: bigint;
  /** What is fetched and not read yet. */
  readonly waiting: BatchQueue;
  /** Set once the partition is not to be fetched for this cursor any more. */
  dropped: boolean;
  /** Since when fetching has failed, and why. */
  trouble: { since: number; error: unknown } | null;
}

/**
 * Keeps cursors supplied with batches: one request at a time to each broker, for all the partitions that it
 * leads.
 */
export class KafkaFetcher {
  readonly #cluster: KafkaCluster;
  readonly #names: readonly string[];
  readonly #debug: (message: string) => void;
  readonly #busy = new Set<number>();
  #topics = new Map<string, KafkaTopic>();
  #stale = true;

  constructor(cluster: KafkaCluster, topics: readonly string[], debug: (message: string) => void) {
    this.#cluster = cluster;
    this.#names = topics;
    this.#debug = debug;
  }

  /**
   * Asks every leader whose partitions are nearly used up for more, of all of them at once, and calls
   * `arrived` when an answer has come. Faults that pass are noted in the cursors and tried again at the next
   * call; `failed` gets all others.
   */
  supply(cursors: readonly Cursor[], arrived: () => void, failed: (error: unknown) => void): void {
    for (const [leader, list] of Map.groupBy(cursors, (cursor) => this.#leader(cursor))) {
      const bytes = list.reduce((sum, { waiting }) => sum + waiting.bytes, 0);
      if (this.#busy.has(leader) || bytes > WAITING_BYTES) continue;
      this.#busy.add(leader);
      void this.#request(leader, list)
        .catch(failed)
        .finally(() => {
          this.#busy.delete(leader);
          arrived();
        });
    }
  }

  #leader({ topic, partition }: Partition & { topic: string }): number {
    return this.#stale ? UNKNOWN_LEADER : (this.#topics.get(topic)?.leaders[partition] ?? UNKNOWN_LEADER);
  }

  async #request(leader: number, cursors: readonly Cursor[]): Promise<void> {
    try {
      if (leader === UNKNOWN_LEADER) await this.#findLeaders(cursors);
      else await this.#fetch(leader, cursors);
    } catch (error) {
      if (cursors.every(({ dropped }) => dropped)) return;
      const names = [...kafkaErrorNames(error)];
      const passing = names.length > 0 && names.every((name) => protocolErrors[name]?.canRetry);
      if (!passing && !isConnectionError(error)) throw error;
      this.#debug(`Kafka: fetching failed, trying again: ${error}`);
      for (const cursor of cursors) cursor.trouble = { since: cursor.trouble?.since ?? Date.now(), error };
      if (leader !== UNKNOWN_LEADER) this.#stale = true;
      await sleep(RETRY_MS);
    }
  }

  async #findLeaders(cursors: readonly Cursor[]): Promise<void> {
    const topics = await this.#cluster.topics(this.#names);
    for (const [name, { id }] of this.#topics) {
      const now = topics.get(name)?.id ?? id;
      if (id !== now) throw recreatedTopic(name, 'read');
    }
    this.#topics = new Map([...this.#topics, ...topics]);
    this.#stale = false;
    if (cursors.some((cursor) => !topics.has(cursor.topic))) {
      throw new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION');
    }
    if (cursors.some((cursor) => this.#leader(cursor) === UNKNOWN_LEADER)) {
      throw new ProtocolError('LEADER_NOT_AVAILABLE');
    }
  }

  async #fetch(leader: number, cursors: readonly Cursor[]): Promise<void> {
    const asked = cursors.map(({ topic, partition, offset }) => ({
      topicId: this.#topics.get(topic)?.id ?? '',
      partition,
      offset,
    }));
    const answers = await fetchBatches(await this.#cluster.broker(leader), asked, LONG_POLL_MS);
    for (const answer of answers) {
      const index = asked.findIndex(
        ({ topicId, partition }) => topicId === answer.topicId && partition === answer.partition,
      );
      const cursor = cursors[index];
      // Another leader may have been faster, after a move.
      if (!cursor || cursor.dropped || cursor.offset !== asked[index]?.offset) continue;
      await this.#accept(cursor, answer);
    }
  }

  async #accept(cursor: Cursor, { error, batches }: FetchedPartition): Promise<void> {
    if (error && kafkaErrorNames(error).has('OFFSET_OUT_OF_RANGE'))
      throw await this.#offsetsMissing(cursor, error);
    // What was fetched before the damaged batch is read first; the batch is met again after that.
    if (hasCode(error, 'log:corrupt') && cursor.waiting.first) return;
    if (error) throw inPartition(error, cursor.topic, cursor.partition);
    cursor.waiting.add(batches);
    cursor.offset = batches.at(-1)?.next ?? cursor.offset;
    cursor.trouble = null;
  }

  async #offsetsMissing({ topic, partition, stream, offset }: Cursor, cause: Error): Promise<EventlakeError> {
    const start = (await this.#cluster.offsets([topic], 'earliest')).get(topic)?.[partition];
    const end = (await this.#cluster.offsets([topic], 'latest')).get(topic)?.[partition];
    const removed = start !== undefined && offset < start;
    return new EventlakeError(
      'log:offsets_missing',
      `Offset ${offset} of ${stream}/${partition} is not in topic ${topic}, which holds ${start} up to ${end}.`,
      {
        hint: removed
          ? 'Retention removed records before they were read. Let the topic keep more; reset the dataset and ingest it again.'
          : 'The topic is not the one that was read before, or has lost records. Reset the dataset and ingest it again.',
        cause,
      },
    );
  }
}
