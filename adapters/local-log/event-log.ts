/**
 * The event log on a local disk: the same partitions, offsets and atomic chunks as Kafka, without a server.
 *
 * All state is the chunk files: where the partitions end, the ledger, and who may write. Opening a writer
 * takes the next number with an empty chunk; an older writer's next append then finds its number taken.
 */
import { randomUUID } from 'node:crypto';
import type {
  Chunk,
  EventLog,
  LedgerEntry,
  LogReader,
  LogWriter,
  Partition,
  PartitionRange,
  ReaderOptions,
} from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { Room } from '../../core/room.ts';
import { encodeChunk } from './chunk.ts';
import type { ChunkHeader } from './chunk-header.ts';
import { ChunkFolder, fenced } from './folder.ts';
import { openReader } from './reader.ts';

/** How many headers are read at a time when all are needed. */
const HEADERS_AT_ONCE = 16;

/**
 * The log of one dataset in `folder`. `partitions` counts only when the log is created; later the log's own
 * number holds.
 */
export class LocalEventLog implements EventLog {
  readonly description: string;
  readonly #folder: ChunkFolder;
  readonly #partitions: number;
  /** The entries of all chunks up to a number. */
  #ledger: { log: string; upTo: number; newest: ReadonlyMap<string, LedgerEntry> } | null = null;

  constructor(folder: string, partitions = 4) {
    this.description = `local log in ${folder}`;
    this.#folder = new ChunkFolder(folder);
    this.#partitions = partitions;
  }

  async open(): Promise<{ id: string; partitions: number }> {
    await this.#folder.create();
    if ((await this.#folder.numbers()) === null) {
      const workplace = await this.#folder.startOpening(randomUUID());
      const first = encodeChunk(
        { log: randomUUID(), ranges: emptyRanges(this.#partitions) },
        Date.now(),
        null,
      );
      // When another process was first, its log is as good.
      await this.#folder.append(workplace, 0, first.buffers);
      await this.#folder.endWriting(workplace);
    }
    const { last } = await this.#existing();
    const { log: id, ranges } = await this.#folder.header(last);
    return { id, partitions: ranges.filter(({ stream }) => stream === 'events').length };
  }

  async id(): Promise<string | null> {
    const numbers = await this.#folder.numbers();
    return numbers === null ? null : (await this.#folder.header(numbers.last)).log;
  }

  async writer(): Promise<LogWriter> {
    const id = randomUUID();
    let numbers = await this.#existing();
    const workplace = await this.#folder.startOpening(id);
    for (;;) {
      const number = numbers.last + 1;
      const { header, buffers } = encodeChunk(await this.#folder.header(numbers.last), Date.now(), null);
      if (await this.#folder.append(workplace, number, buffers)) {
        const own = await this.#folder.finishOpening(workplace, id, number);
        return new LocalWriter(this.#folder, own, number, header);
      }
      numbers = await this.#existing();
    }
  }

  async reader(options: ReaderOptions): Promise<LogReader> {
    const { last } = await this.#existing();
    // A chunk that a reader has shown must not vanish in a power failure, although its writer may not have
    // synced it yet.
    await this.#folder.sync();
    const { log } = await this.#folder.header(last);
    const ranges = await this.ranges();
    return openReader(this.#folder, { log, last, ranges }, options);
  }

  async ranges(): Promise<PartitionRange[]> {
    const numbers = await this.#folder.numbers();
    if (numbers === null) return [];
    const oldest = await this.#folder.header(numbers.first);
    const newest = await this.#folder.header(numbers.last);
    const starts = new Map(oldest.ranges.map((range) => [partitionId(range), range.start]));
    return newest.ranges.map((range) => ({ ...range, start: starts.get(partitionId(range)) ?? range.start }));
  }

  async ledger(): Promise<LedgerEntry[]> {
    const numbers = await this.#folder.numbers();
    if (numbers === null) return [];
    const { log } = await this.#folder.header(numbers.last);
    // Chunks never change: only those that came since are read.
    const isSame = this.#ledger?.log === log && this.#ledger.upTo <= numbers.last;
    const known = isSame ? this.#ledger : null;
    const newest = new Map(known?.newest);
    const next = Math.max(numbers.first, (known?.upTo ?? -1) + 1);
    for (let from = next; from <= numbers.last; from += HEADERS_AT_ONCE) {
      const count = Math.min(HEADERS_AT_ONCE, numbers.last - from + 1);
      const headers = await Promise.all(
        Array.from({ length: count }, (_, i) => this.#folder.header(from + i)),
      );
      for (const { progress } of headers) {
        if (progress !== null) newest.set(progress.ingestion, progress);
      }
    }
    this.#ledger = { log, upTo: numbers.last, newest };
    return [...newest.values()];
  }

  async wipe(): Promise<void> {
    await this.#folder.wipe();
  }

  async close(): Promise<void> {}

  async #existing() {
    const numbers = await this.#folder.numbers();
    if (numbers !== null) return numbers;
    throw new EventlakeError('log:missing', `There is no log in ${this.#folder.path}.`, {
      hint: 'Ingest a file first: `eventlake ingest`.',
    });
  }
}

function emptyRanges(partitions: number): PartitionRange[] {
  const events = Array.from(
    { length: partitions },
    (_, partition) => ({ stream: 'events', partition }) as const,
  );
  const all: Partition[] = [...events, { stream: 'dead-letters', partition: 0 }];
  return all.map((partition) => ({ ...partition, start: 0n, end: 0n }));
}

class LocalWriter implements LogWriter {
  readonly #folder: ChunkFolder;
  readonly #workplace: string;
  #number: number;
  #header: ChunkHeader;
  #failure: unknown;
  /** Of the chunk that is being written: they come one at a time. */
  readonly #room = new Room();

  /** `number` and `header` are those of the newest chunk. */
  constructor(folder: ChunkFolder, workplace: string, number: number, header: ChunkHeader) {
    this.#folder = folder;
    this.#workplace = workplace;
    this.#number = number;
    this.#header = header;
  }

  async append(chunk: Chunk): Promise<void> {
    // After a failure the newest chunk is uncertain, so nothing may be appended to it.
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const { header, buffers } = encodeChunk(this.#header, Date.now(), chunk, this.#room);
      const stored = await this.#folder.append(this.#workplace, this.#number + 1, buffers);
      if (!stored) throw fenced(this.#folder.path);
      this.#number++;
      this.#header = header;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#failure ??= new EventlakeError(
      'log:closed',
      `The writer of the log in ${this.#folder.path} was closed.`,
    );
    await this.#folder.endWriting(this.#workplace);
  }
}
