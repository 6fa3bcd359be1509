import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { partitionId, type RecordBatch, type Stream } from '../../core/contracts.ts';
import type { EngineBatch } from '../../core/engine.ts';

/** The offsets of one partition that a batch covers: from the first to before the second. */
export interface OffsetRange {
  readonly stream: Stream;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** A batch that says which offsets are to be read; the records stay in the log. */
export class OffsetsBatch implements EngineBatch {
  readonly #ranges = new Map<string, OffsetRange>();
  /** For what is left to the local engine; made when something is. */
  readonly folder: string;
  readonly bytes = 0;
  readonly isFull = false;

  constructor(temporary: string) {
    this.folder = join(temporary, `batch-${process.pid}-${crypto.randomUUID()}`);
  }

  /** Offsets, of which some may hold no record. */
  get rows(): number {
    return this.ranges.reduce((sum, { from, to }) => sum + Number(to - from), 0);
  }

  get ranges(): OffsetRange[] {
    return [...this.#ranges.values()];
  }

  get next(): ReadonlyMap<string, bigint> {
    return new Map([...this.#ranges].map(([id, { to }]) => [id, to]));
  }

  async add({ stream, partition, next }: RecordBatch, from: bigint): Promise<void> {
    const id = partitionId({ stream, partition });
    this.#ranges.set(id, { stream, partition, from: this.#ranges.get(id)?.from ?? from, to: next });
  }

  async discard(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
