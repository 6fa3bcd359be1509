import type { LogReader, ReaderOptions, RecordBatch, Stream } from '../../core/contracts.ts';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import { batchName, placeholder, unreadable } from '../../core/unreadable-batch.ts';
import type { KafkaCluster } from './connection.ts';
import { type PackedBatch, UnpackedRecords } from './decode.ts';
import { inPartition } from './errors.ts';
import { type Cursor, KafkaFetcher } from './fetcher.ts';
import type { GroupListener, KafkaGroup, TopicPartition } from './group.ts';
import { BatchQueue } from './queue.ts';

/**
 * Broken connections and partitions without a leader are tried again for this long before a poll fails:
 * brokers take 10 s to replace one.
 */
const PATIENCE_MS = 20_000;

/** Small batches are joined up to this many records and packed bytes. */
const JOINED_RECORDS = 1_000;
const JOINED_BYTES = 256 * 1024;

/** A partition that this reader has, from when it got it until it loses it or gets it again. */
interface Assigned extends Cursor {
  /** The next offset to hand over; null until the position is asked. */
  next: bigint | null;
}

/** Reads partitions, fetching ahead a little; records are unpacked when they are polled. */
export class KafkaLogReader implements LogReader, GroupListener {
  readonly #cluster: KafkaCluster;
  readonly #options: ReaderOptions;
  /** Which stream a topic is. */
  readonly #streams: ReadonlyMap<string, Stream>;
  readonly #debug: (message: string) => void;
  readonly #fetcher: KafkaFetcher;
  #group: KafkaGroup | undefined;
  #partitions: Assigned[] = [];
  #turn = 0;
  #failure: unknown;
  #wake: () => void = () => {};
  #closed = false;

  /** The reader owns the cluster and closes it. */
  constructor(
    cluster: KafkaCluster,
    options: ReaderOptions,
    streams: ReadonlyMap<string, Stream>,
    debug: (message: string) => void,
  ) {
    this.#cluster = cluster;
    this.#options = options;
    this.#streams = streams;
    this.#debug = debug;
    this.#fetcher = new KafkaFetcher(cluster, [...streams.keys()], debug);
  }

  /** The membership that tells this reader its partitions; closed with the reader. */
  set group(group: KafkaGroup) {
    this.#group = group;
  }

  assigned(partitions: readonly TopicPartition[], continued: boolean): void {
    const before = continued ? this.#partitions : [];
    const after = partitions.flatMap(({ topic, partition }) => {
      const stream = this.#streams.get(topic);
      if (stream === undefined) return [];
      const kept = before.find((one) => one.topic === topic && one.partition === partition);
      const fresh = {
        stream,
        topic,
        partition,
        next: null,
        offset: 0n,
        waiting: new BatchQueue(),
        dropped: false,
        trouble: null,
      };
      return kept ?? fresh;
    });
    for (const one of this.#partitions) one.dropped = !after.includes(one);
    this.#partitions = after;
    this.#wake();
  }

  failed(error: unknown): void {
    this.#failure ??= error;
    this.#wake();
  }

  async poll(waitMs: number): Promise<RecordBatch | null> {
    if (this.#closed) throw new EventlakeError('log:closed', 'This reader is closed.');
    const deadline = Date.now() + waitMs;
    while (!this.#closed) {
      this.#throwFailures();
      await this.#place();
      const batch = this.#take();
      const placed = this.#partitions.filter(({ next }) => next !== null);
      this.#fetcher.supply(
        placed,
        () => this.#wake(),
        (error) => this.failed(error),
      );
      const left = deadline - Date.now();
      if (batch || left <= 0) return batch;
      await this.#news(left);
    }
    return null;
  }

  async commit(positions: ReadonlyMap<string, bigint>): Promise<void> {
    const offsets = this.#partitions.flatMap(({ stream, topic, partition }) => {
      const offset = positions.get(`${stream}/${partition}`);
      return offset === undefined ? [] : [{ topic, partition, offset }];
    });
    if (!this.#group || offsets.length === 0) return;
    await this.#group.commit(offsets).catch((error: unknown) => {
      this.#debug(`Kafka did not take the offsets of the group: ${error}`);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.assigned([], false);
    await this.#group?.close().catch((error: unknown) => this.#debug(`Leaving the group failed: ${error}`));
    await this.#cluster.close();
  }

  #throwFailures(): void {
    if (this.#failure) throw this.#cluster.explain(this.#failure, 'read');
    const troubles = this.#partitions.flatMap(({ trouble }) => trouble ?? []);
    const now = Date.now();
    const longest = troubles.find(({ since }) => now - since > PATIENCE_MS);
    if (!longest) return;
    // The caller hears of it once, and may continue to poll.
    for (const trouble of troubles) trouble.since = now;
    throw this.#cluster.explain(longest.error, 'read');
  }

  /** Asks for the positions of partitions that are new. */
  async #place(): Promise<void> {
    const fresh = this.#partitions.filter(({ next }) => next === null);
    if (fresh.length === 0) return;
    let starts: Map<string, bigint[]> | undefined;
    for (const one of fresh) {
      let position = await this.#options.position({ stream: one.stream, partition: one.partition });
      if (position === null) {
        starts ??= await this.#starts();
        position = starts.get(one.topic)?.[one.partition] ?? 0n;
      }
      one.offset = position;
      one.next = position;
    }
  }

  async #starts(): Promise<Map<string, bigint[]>> {
    try {
      return await this.#cluster.offsets([...this.#streams.keys()], 'earliest');
    } catch (error) {
      throw this.#cluster.explain(error, 'read');
    }
  }

  /**
   * The next batch of the partitions in turn. Batches without committed records still tell how far they
   * reach.
   */
  #take(): RecordBatch | null {
    for (let tried = 0; tried < this.#partitions.length; tried++) {
      const one = this.#partitions[this.#turn++ % this.#partitions.length];
      if (!one?.waiting.first || one.next === null) continue;
      const { stream, partition, next: from } = one;
      const records = this.#unpackSome(one, from);
      return { stream, partition, from, next: one.next, ...records };
    }
    return null;
  }

  /**
   * Joins small batches, as of producers that send record by record: the stages after this one pay for each
   * batch.
   */
  #unpackSome(one: Assigned, from: bigint) {
    const { parts } = this.#options;
    const records = new UnpackedRecords(parts);
    for (let batch = one.waiting.first, bytes = 0; batch; batch = one.waiting.first) {
      const isFirst = one.next === from;
      bytes += batch.length;
      const count = records.offsets.length + batch.count;
      if (!isFirst && (count > JOINED_RECORDS || bytes > JOINED_BYTES)) break;
      try {
        if (batch.committed) records.add(batch, from);
      } catch (error) {
        // The records before the damaged batch come first; the next poll meets it again.
        if (!isFirst) break;
        return this.#skip(one, batch, from, error);
      }
      one.waiting.removeFirst();
      one.next = batch.next;
    }
    const { offsets, timestamps, values, sources, keys, headers } = records;
    return { offsets, timestamps, values, sources, ...(parts?.key && { keys }), ...(parts && { headers }) };
  }

  /** Steps over a batch that cannot be read, if that was asked for. */
  #skip(one: Assigned, { base, next, count }: PackedBatch, from: bigint, cause: unknown) {
    const error = inPartition(cause, one.topic, one.partition);
    if (!hasCode(error, 'log:corrupt')) throw error;
    const first = base > from ? base : from;
    const name = batchName(one, first);
    if (!this.#options.skip?.has(name)) throw unreadable(error, name);
    one.waiting.removeFirst();
    one.next = next;
    return placeholder(first, next, count, error);
  }

  /** Waits for a fetch, a new assignment or a failure. */
  async #news(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
