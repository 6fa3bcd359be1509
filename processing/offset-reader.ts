import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventLog,
  type LogReader,
  type Partition,
  type PartitionRange,
  partitionId,
  type RecordBatch,
} from '../core/contracts.ts';
import { Slices } from '../core/slices.ts';
import { requireHeld } from './positions.ts';

/** Offsets that are handed over at a time: a batch ends within so many of what it is to have. */
const OFFSETS_AT_ONCE = 100_000n;

/**
 * Tells which offsets the log holds, in batches without records, for an engine that reads them itself. It is
 * in no group: each worker is given all partitions, and the tables decide whose commit counts.
 */
export class OffsetReader implements LogReader {
  readonly #log: Pick<EventLog, 'ranges'>;
  readonly #position: (partition: Partition) => Promise<bigint | null>;
  readonly #next = new Map<string, bigint>();
  #waiting: RecordBatch[] = [];

  constructor(log: Pick<EventLog, 'ranges'>, position: (partition: Partition) => Promise<bigint | null>) {
    this.#log = log;
    this.#position = position;
  }

  /** `log:offsets_missing` where offsets that are next are gone, or beyond the end. */
  async poll(waitMs: number): Promise<RecordBatch | null> {
    if (this.#waiting.length === 0) this.#waiting = await this.#look();
    const batch = this.#waiting.shift() ?? null;
    if (batch === null) await sleep(waitMs);
    return batch;
  }

  async commit(): Promise<void> {}

  async close(): Promise<void> {}

  async #look(): Promise<RecordBatch[]> {
    const found: RecordBatch[] = [];
    for (const range of await this.#log.ranges()) {
      const from = await this.#from(range);
      requireHeld(range, from);
      const next = range.end - from > OFFSETS_AT_ONCE ? from + OFFSETS_AT_ONCE : range.end;
      if (from === next) continue;
      this.#next.set(partitionId(range), next);
      const { stream, partition } = range;
      found.push({ stream, partition, from, next, offsets: [], timestamps: [], values: new Slices() });
    }
    return found;
  }

  async #from(range: PartitionRange): Promise<bigint> {
    return this.#next.get(partitionId(range)) ?? (await this.#position(range)) ?? range.start;
  }
}
