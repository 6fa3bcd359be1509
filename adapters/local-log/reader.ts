/** Reads the local log: goes through the chunks in order, and through the blocks of each in order. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { LogReader, PartitionRange, ReaderOptions, RecordBatch } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import { recreatedLog } from '../../core/recreated-log.ts';
import { batchName, placeholder, unreadable } from '../../core/unreadable-batch.ts';
import { corruptChunk, readBytes, recordsOf } from './chunk.ts';
import type { Block, ChunkHeader } from './chunk-header.ts';
import type { ChunkFolder } from './folder.ts';
import { WholeChunks } from './whole-chunks.ts';

/** How often an idle reader looks for new chunks. */
const LOOK_EVERY_MS = 100;

/** The log as a reader finds it: its random name, the number of its newest chunk, and what it holds. */
export interface LogState {
  readonly log: string;
  readonly last: number;
  readonly ranges: readonly PartitionRange[];
}

/**
 * A reader of all partitions, with no regard to the group; `log:offsets_missing` when a position is not in
 * the log.
 */
export async function openReader(
  folder: ChunkFolder,
  state: LogState,
  options: ReaderOptions,
): Promise<LogReader> {
  const positions = new Map<string, bigint>();
  for (const range of state.ranges) positions.set(partitionId(range), await startOf(range, options));
  const number = await firstUnread(folder, state.last, positions);
  return new LocalReader(folder, state, positions, number, options);
}

async function startOf(range: PartitionRange, options: ReaderOptions): Promise<bigint> {
  const { stream, partition, start, end } = range;
  const position = (await options.position({ stream, partition })) ?? start;
  if (position >= start && position <= end) return position;
  const id = partitionId(range);
  throw new EventlakeError(
    'log:offsets_missing',
    position < start
      ? `Reading ${id} should continue at offset ${position}, but the log begins at ${start}: older records were removed.`
      : `Reading ${id} should continue at offset ${position}, but the log ends at ${end}: it was wiped and created again.`,
    {
      hint: 'The lake and the log no longer belong together. `eventlake reset --yes` wipes both; ingest the files again then.',
    },
  );
}

/** The first chunk that holds a record at or after `positions`, found by halving. */
async function firstUnread(
  folder: ChunkFolder,
  last: number,
  positions: ReadonlyMap<string, bigint>,
): Promise<number> {
  let low = (await folder.numbers())?.first ?? 0;
  let high = last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { ranges } = await folder.header(middle);
    if (ranges.every((range) => range.end <= (positions.get(partitionId(range)) ?? 0n))) low = middle + 1;
    else high = middle;
  }
  return low;
}

class LocalReader implements LogReader {
  readonly #folder: ChunkFolder;
  readonly #log: string;
  readonly #positions: Map<string, bigint>;
  readonly #skip: ReadonlySet<string>;
  readonly #wanted: Pick<ReaderOptions, 'parts' | 'countOnly'>;
  /** Where records are only counted. */
  readonly #chunks: WholeChunks | null;
  /** The bytes of the chunk that is counted. */
  #counted: Buffer | null = null;
  #number: number;
  #last: number;
  #header: ChunkHeader | null = null;
  #block = 0;
  #closed = false;

  /** `number` is that of the chunk to begin with; it may not have been written yet. */
  constructor(
    folder: ChunkFolder,
    state: LogState,
    positions: Map<string, bigint>,
    number: number,
    { skip = new Set(), parts, countOnly = false }: ReaderOptions,
  ) {
    this.#folder = folder;
    this.#log = state.log;
    this.#last = state.last;
    this.#positions = positions;
    this.#number = number;
    this.#skip = skip;
    this.#wanted = { parts, countOnly };
    this.#chunks = countOnly ? new WholeChunks(folder) : null;
  }

  async poll(waitMs: number): Promise<RecordBatch | null> {
    const deadline = performance.now() + waitMs;
    while (!this.#closed) {
      const batch = await this.#next();
      if (batch !== null) return batch;
      const left = deadline - performance.now();
      if (left <= 0) break;
      await sleep(Math.min(LOOK_EVERY_MS, left));
    }
    return null;
  }

  async #next(): Promise<RecordBatch | null> {
    for (;;) {
      this.#header ??= await this.#nextHeader();
      if (this.#header === null) return null;
      const block = this.#header.blocks[this.#block];
      if (block === undefined) {
        this.#header = null;
        this.#block = 0;
        this.#number++;
        continue;
      }
      const header = this.#header;
      const position = this.#positions.get(partitionId(block)) ?? 0n;
      if (block.start > position) {
        const what = `${partitionId(block)} continues at ${block.start}, but the file before it ends at ${position}`;
        throw corruptChunk(this.#folder.chunkPath(this.#number), what);
      }
      const batch = block.end > position ? await this.#read(block, header, position) : null;
      this.#block++;
      if (batch === null) continue;
      this.#positions.set(partitionId(block), batch.next);
      return batch;
    }
  }

  /**
   * The block's records from `position` on; what stands for them where they cannot be read and are to be
   * skipped.
   */
  async #read(block: Block, header: ChunkHeader, position: bigint): Promise<RecordBatch> {
    try {
      const bytes = await this.#bytes(block);
      const path = this.#folder.chunkPath(this.#number);
      return recordsOf(bytes, path, block, header, position, this.#wanted);
    } catch (error) {
      if (!hasCode(error, 'log:corrupt')) throw error;
      const name = batchName(block, position);
      if (!this.#skip.has(name)) throw unreadable(error, name);
      const { stream, partition, end } = block;
      const records = placeholder(position, end, Number(end - position), error);
      return { stream, partition, from: position, next: end, ...records };
    }
  }

  async #bytes(block: Block): Promise<Buffer> {
    const { position, bytes } = block;
    if (this.#counted) return this.#counted.subarray(position, position + bytes);
    return this.#folder.readChunk(this.#number, (file, path) => readBytes(file, path, block));
  }

  async #headerOf(number: number): Promise<ChunkHeader> {
    if (!this.#chunks) return this.#folder.header(number);
    const { header, bytes } = await this.#chunks.take(number, this.#last);
    this.#counted = bytes;
    return header;
  }

  /** Null when the next chunk has not been written yet. */
  async #nextHeader(): Promise<ChunkHeader | null> {
    if (this.#number > this.#last) {
      const numbers = await this.#folder.numbers();
      if (numbers === null || numbers.last < this.#number - 1) throw this.#recreated();
      if (numbers.last < this.#number) {
        // Another log in this folder may have as many chunks.
        if ((await this.#folder.header(numbers.last)).log !== this.#log) throw this.#recreated();
        return null;
      }
      await this.#folder.sync();
      this.#last = numbers.last;
    }
    const header = await this.#headerOf(this.#number);
    if (header.log !== this.#log) throw this.#recreated();
    return header;
  }

  #recreated(): EventlakeError {
    return recreatedLog(`The log in ${this.#folder.path} was wiped while it was read.`);
  }

  async commit(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
  }
}
