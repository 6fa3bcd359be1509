import type { LogReader, ReaderOptions, RecordBatch, Stream } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { KafkaCluster } from './connection.ts';
import { decodeRecords, type PackedBatch } from './decode.ts';
import { inPartition } from './errors.ts';
import { type Cursor, KafkaFetcher } from './fetcher.ts';
import type { GroupListener, KafkaGroup, TopicPartition } from './group.ts';

/** Broken connections and partitions without a leader are tried again for this long before a poll fails: brokers take 10 s to replace one. */
const PATIENCE_MS = 20_000;

/** A partition that this reader has, from when it got it until it loses it or gets it anew. */
interface Assigned extends Cursor {
  /** The next offset to hand over; null until the position is asked. */
  next: bigint | null;
}

/** Reads partitions, fetching ahead a little; records are unpacked when they are polled. */
export class KafkaLogReader implements LogReader, GroupListener {
  readonly #cluster: KafkaCluster;
  readonly #position: ReaderOptions['position'];
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
    position: ReaderOptions['position'],
    streams: ReadonlyMap<string, Stream>,
    debug: (message: string) => void,
  ) {
    this.#cluster = cluster;
    this.#position = position;
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
        waiting: [],
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
    // The caller hears of it once, and may go on polling.
    for (const trouble of troubles) trouble.since = now;
    throw this.#cluster.explain(longest.error, 'read');
  }

  /** Asks for the positions of partitions that are new. */
  async #place(): Promise<void> {
    const fresh = this.#partitions.filter(({ next }) => next === null);
    if (fresh.length === 0) return;
    let starts: Map<string, bigint[]> | undefined;
    for (const one of fresh) {
      let position = await this.#position({ stream: one.stream, partition: one.partition });
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

  /** The next batch of the partitions in turn. Batches without committed records still tell how far they reach. */
  #take(): RecordBatch | null {
    for (let tried = 0; tried < this.#partitions.length; tried++) {
      const one = this.#partitions[this.#turn++ % this.#partitions.length];
      const batch = one?.waiting[0];
      if (!one || !batch || one.next === null) continue;
      const { stream, partition, next: from } = one;
      const records = this.#unpack(one, batch, from);
      one.waiting.shift();
      one.next = batch.next;
      return { stream, partition, from, next: batch.next, ...records };
    }
    return null;
  }

  #unpack({ topic, partition }: Assigned, batch: PackedBatch, from: bigint) {
    if (!batch.committed) return { offsets: [], timestamps: [], values: [] };
    try {
      return decodeRecords(batch, from);
    } catch (error) {
      throw inPartition(error, topic, partition);
    }
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
