import type { LedgerEntry, PartitionRange } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';

/** Bytes before each record's key: two lengths. */
export const RECORD_PREFIX_BYTES = 8;
const OFFSET = /^\d{1,18}$/;

/** The offsets `start` up to `end` of a partition, and the bytes of the file that hold them. */
export interface Block extends PartitionRange {
  /** Counted from the file's first byte. */
  readonly position: number;
  readonly bytes: number;
  readonly crc32: number;
}

/** What a chunk file says about itself. */
export interface ChunkHeader {
  /** The log's random name, given when it is created: tells a log from a later one in the same folder. */
  readonly log: string;
  /** Milliseconds since the epoch; the log timestamp of all records of the chunk. */
  readonly timestamp: number;
  /** Null in chunks that only create the log or open a writer. */
  readonly progress: LedgerEntry | null;
  /** Every partition of both streams: its end before this chunk, and its end with it. */
  readonly ranges: readonly PartitionRange[];
  readonly blocks: readonly Block[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The header in its text. `bodyPosition` is where the blocks begin in the file, `fileBytes` where the file
 * ends: no block lies beyond, so that what is read is bounded by the file.
 * @throws Error with what is wrong with it
 */
export function parseHeader(text: string, bodyPosition: number, fileBytes: number): ChunkHeader {
  const { log, timestamp, progress, ranges, blocks } = fields(JSON.parse(text), 'the header');
  if (typeof log !== 'string' || log === '') throw new Error('the log has no name');
  if (!Number.isSafeInteger(timestamp)) throw new Error('the timestamp is no number');
  const header: ChunkHeader = {
    log,
    timestamp: timestamp as number,
    progress: progress === null ? null : ledgerEntry(progress),
    ranges: list(ranges, 'the ranges').map(range),
    blocks: list(blocks, 'the blocks').map((block) => placed(block, bodyPosition, fileBytes)),
  };
  requireCovered(header);
  return header;
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} is no object`);
  return value as Fields;
}

function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} are no list`);
  return value;
}

function range(value: unknown): PartitionRange {
  const { stream, partition, start, end } = fields(value, 'a range');
  if (stream !== 'events' && stream !== 'dead-letters') throw new Error('a range is of no stream');
  const from = offset(start);
  const to = offset(end);
  if (from > to) throw new Error('a range ends before it begins');
  return { stream, partition: count(partition, 'a partition'), start: from, end: to };
}

function placed(value: unknown, bodyPosition: number, fileBytes: number): Block {
  const { position, bytes, crc32 } = fields(value, 'a block');
  const block = {
    ...range(value),
    position: bodyPosition + count(position, 'a position'),
    bytes: count(bytes, 'a length'),
    crc32: count(crc32, 'a checksum'),
  };
  if (block.position + block.bytes > fileBytes) throw new Error('a block ends after the file');
  if (block.end === block.start) throw new Error('a block is empty');
  if (block.end - block.start > BigInt(Math.floor(block.bytes / RECORD_PREFIX_BYTES)))
    throw new Error('a block has more records than bytes for them');
  return block;
}

/** The blocks of each partition must be its range, without gaps: a reader would wait for what is missing. */
function requireCovered({ ranges, blocks }: ChunkHeader): void {
  const positions = new Map(ranges.map((one) => [partitionId(one), one.start]));
  if (positions.size < ranges.length) throw new Error('a partition is there twice');
  for (const block of blocks) {
    const id = partitionId(block);
    if (positions.get(id) !== block.start) throw new Error(`a block of ${id} begins at ${block.start}`);
    positions.set(id, block.end);
  }
  for (const one of ranges) {
    const id = partitionId(one);
    if (positions.get(id) !== one.end) throw new Error(`the blocks of ${id} do not end at ${one.end}`);
  }
}

function ledgerEntry(value: unknown): LedgerEntry {
  const entry = fields(value, 'the ledger entry');
  const { earlier, ...own } = entry;
  requireKinds(own, {
    ...{
      ingestion: 'string',
      file: 'string',
      bytes: 'number',
      sha256: 'string',
      lines: 'number',
      rows: 'number',
    },
    ...{ events: 'number', deadLetters: 'number', complete: 'boolean', updatedAt: 'string' },
  });
  for (const state of earlier === undefined ? [] : list(earlier, 'the earlier states')) {
    const kinds = { bytes: 'number', sha256: 'string', lines: 'number', rows: 'number' };
    requireKinds(fields(state, 'an earlier state'), kinds);
  }
  return entry as unknown as LedgerEntry;
}

function requireKinds(given: Fields, kinds: Readonly<Record<string, string>>): void {
  for (const [name, kind] of Object.entries(kinds)) {
    if (typeof given[name] !== kind) throw new Error(`${name} of the ledger entry is no ${kind}`);
  }
}

function offset(value: unknown): bigint {
  if (typeof value !== 'string' || !OFFSET.test(value)) throw new Error('an offset is no whole number');
  return BigInt(value);
}

function count(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${what} is no whole number`);
  return value as number;
}
