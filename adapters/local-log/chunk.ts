/**
 * The file format of the local log. One file holds one chunk, so a chunk is there wholly or not at all:
 *
 *     8 bytes  magic, which is also the format's version
 *     4 bytes  length of the header, little-endian
 *     4 bytes  CRC-32 of the header
 *     header   JSON: see ChunkHeader; offsets as strings
 *     blocks   one after the other, in the header's order
 *
 * A block holds consecutive records of one partition, each as: value length and key length (int32,
 * little-endian, -1 for null), key, value. Where they are lines of the file of `progress`, the line of each
 * follows (uint32, little-endian), after the last record. A block is what is read and checked at once; it is
 * small enough that a reader's memory stays small.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Chunk, PartitionRange, ReaderOptions, RecordBatch, Stream } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import { memoryOf } from '../../core/copy-bytes.ts';
import { EventlakeError } from '../../core/errors.ts';
import { OutgoingRecords } from '../../core/outgoing-records.ts';
import { Room } from '../../core/room.ts';
import { Slices } from '../../core/slices.ts';
import { SourceLines } from '../../core/source-lines.ts';
import { type Block, type ChunkHeader, parseHeader, RECORD_PREFIX_BYTES } from './chunk-header.ts';

const MAGIC = 'EVLKLOG1';
const PREFIX_BYTES = 16;
/** Holds the header of most chunks, so that one read is enough. */
const FIRST_READ_BYTES = 4096;
const MAX_BLOCK_BYTES = 4_000_000;
const MAX_BLOCK_RECORDS = 20_000;
const MAX_VALUE_BYTES = 1_000_000;
const LINE_BYTES = 4;
const MAX_LINE = 2 ** 32 - 1;
/** No header and no block that was written is longer: a reader takes no more memory at once. */
const MAX_READ_BYTES = 128 * 1024 * 1024;
const NO_RECORDS = new OutgoingRecords();

/** A damaged file: nothing of it is used. */
export function corruptChunk(path: string, what: string, cause?: unknown): EventlakeError {
  return new EventlakeError('log:corrupt', `The log file ${path} is damaged: ${what}.`, {
    hint: 'Restore the file from a backup, or run `eventlake reset --yes` and ingest the files again.',
    cause,
  });
}

/**
 * The header and the bytes of the chunk that follows `previous`; without a `chunk`, of one that holds
 * nothing. Most of the bytes are in `room`. `log:no_such_partition` and `log:record_too_large` when a record
 * does not fit the log.
 */
export function encodeChunk(
  previous: Pick<ChunkHeader, 'log' | 'ranges'>,
  timestamp: number,
  chunk: Chunk | null,
  room = new Room(),
): { header: ChunkHeader; buffers: Buffer[] } {
  const groups = groupByPartition(previous.ranges, chunk);
  const { blocks, body } = encodeBlocks(previous.ranges, groups, room);
  const ranges = previous.ranges.map((range, index) => ({
    ...range,
    start: range.end,
    end: range.end + BigInt(groups[index]?.numbers.length ?? 0),
  }));
  const header = { log: previous.log, timestamp, progress: chunk?.progress ?? null, ranges, blocks };
  const json = Buffer.from(
    JSON.stringify(header, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
  );
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(json.length, 8);
  prefix.writeUInt32LE(crc32(json), 12);
  return { header, buffers: [prefix, json, body] };
}

/** Records of one partition, in the order given: those with these numbers. */
interface Group {
  readonly records: OutgoingRecords;
  readonly numbers: number[];
}

/** The records of each of `ranges`. */
function groupByPartition(ranges: readonly PartitionRange[], chunk: Chunk | null): Group[] {
  const of = (stream: Stream) => (stream === 'events' ? chunk?.events : chunk?.deadLetters) ?? NO_RECORDS;
  const groups = ranges.map(({ stream }): Group => ({ records: of(stream), numbers: [] }));
  for (const stream of ['events', 'dead-letters'] as const) {
    const first = ranges.findIndex((range) => range.stream === stream);
    const count = ranges.filter((range) => range.stream === stream).length;
    const { partitions, values } = of(stream);
    for (let i = 0; i < partitions.length; i++) {
      const partition = partitions[i] as number;
      const group = partition >= 0 && partition < count ? groups[first + partition] : undefined;
      if (group === undefined) {
        throw new EventlakeError(
          'log:no_such_partition',
          `A record is for ${partitionId({ stream, partition })}, but the log has ${count} partition(s) of ${stream}.`,
        );
      }
      if (values.bytesOf(i) > MAX_VALUE_BYTES) {
        throw new EventlakeError(
          'log:record_too_large',
          `A record for ${partitionId({ stream, partition })} has ${values.bytesOf(i)} bytes; the log takes at most ${MAX_VALUE_BYTES}.`,
        );
      }
      group.numbers.push(i);
    }
  }
  return groups;
}

/**
 * All blocks in one buffer. Their positions are counted from its first byte: the header's length is not known
 * yet.
 */
function encodeBlocks(
  ranges: readonly PartitionRange[],
  groups: readonly Group[],
  room: Room,
): { blocks: Block[]; body: Buffer } {
  let total = 0;
  for (const { records, numbers } of groups) {
    for (const i of numbers)
      total += RECORD_PREFIX_BYTES + records.keys.bytesOf(i) + records.values.bytesOf(i) + LINE_BYTES;
  }
  const body = room.take(total);
  const memory = memoryOf(body);
  const blocks: Block[] = [];
  let at = 0;
  for (const [index, { stream, partition, end: base }] of ranges.entries()) {
    let position = at;
    let start = base;
    let count = 0;
    let lines: number[] = [];
    const closeBlock = () => {
      if (count === 0) return;
      const end = start + BigInt(count);
      if (lines.length === count) for (const line of lines) at = body.writeUInt32LE(line, at);
      const bytes = at - position;
      const checksum = crc32(body.subarray(position, at));
      blocks.push({ stream, partition, start, end, position, bytes, crc32: checksum });
      position = at;
      start = end;
      count = 0;
      lines = [];
    };
    const { records, numbers } = groups[index] ?? { records: NO_RECORDS, numbers: [] };
    for (const i of numbers) {
      const bytes = RECORD_PREFIX_BYTES + records.keys.bytesOf(i) + records.values.bytesOf(i);
      if (count === MAX_BLOCK_RECORDS || at + bytes - position > MAX_BLOCK_BYTES) closeBlock();
      memory.setInt32(at, records.values.bytesOf(i), true);
      memory.setInt32(at + 4, records.keys.isNull(i) ? -1 : records.keys.bytesOf(i), true);
      records.keys.copy(i, memory, at + RECORD_PREFIX_BYTES);
      records.values.copy(i, memory, at + bytes - records.values.bytesOf(i));
      at += bytes;
      count++;
      const line = records.lines[i] ?? 0;
      if (line > 0 && line <= MAX_LINE) lines.push(line);
    }
    closeBlock();
  }
  return { blocks, body: body.subarray(0, at) };
}

/** The header of the chunk file at `path`, checked; `log:corrupt` when it is damaged. */
export async function readHeader(file: FileHandle, path: string): Promise<ChunkHeader> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(FIRST_READ_BYTES), 0, FIRST_READ_BYTES, 0);
  if (bytesRead < PREFIX_BYTES || buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw corruptChunk(path, 'it does not begin like a log file of this version');
  }
  const bodyPosition = PREFIX_BYTES + buffer.readUInt32LE(8);
  let start: Buffer = buffer.subarray(0, bytesRead);
  const { size } = await file.stat();
  if (bodyPosition > bytesRead) {
    if (bodyPosition > size) throw corruptChunk(path, 'its header is cut off');
    start = await readExactly(file, path, 0, bodyPosition);
  }
  const json = start.subarray(PREFIX_BYTES, bodyPosition);
  if (crc32(json) !== start.readUInt32LE(12)) throw corruptChunk(path, 'the checksum of its header differs');
  try {
    return parseHeader(json.toString(), bodyPosition, size);
  } catch (cause) {
    throw corruptChunk(path, `its header is wrong: ${(cause as Error).message}`, cause);
  }
}

/** A chunk file's header, and all its bytes. */
export interface WholeChunk {
  readonly header: ChunkHeader;
  readonly bytes: Buffer;
}

/** The whole file, for whose bytes `place` gives room; the header is checked. */
export async function readWhole(
  file: FileHandle,
  path: string,
  place: (bytes: number) => Buffer,
): Promise<WholeChunk> {
  const header = await readHeader(file, path);
  const { size } = await file.stat();
  return { header, bytes: await readInto(place(size), file, path, 0) };
}

/** The bytes of a block, unchecked. */
export function readBytes(file: FileHandle, path: string, { position, bytes }: Block): Promise<Buffer> {
  return readExactly(file, path, position, bytes);
}

/**
 * The block's records from the offset `from` on, of the chunk with this header; `log:corrupt` when its bytes
 * are not those that were written. Records of this log have no headers.
 */
export function recordsOf(
  bytes: Buffer,
  path: string,
  block: Block,
  { timestamp, progress }: Pick<ChunkHeader, 'timestamp' | 'progress'>,
  from: bigint,
  { parts, countOnly = false }: Pick<ReaderOptions, 'parts' | 'countOnly'> = {},
): RecordBatch {
  if (crc32(bytes) !== block.crc32) {
    throw corruptChunk(
      path,
      `the checksum of ${partitionId(block)}, offsets ${block.start} to ${block.end - 1n}, differs`,
    );
  }
  const { stream, partition, end: next } = block;
  if (countOnly) {
    countRecords(bytes, path, block);
    return {
      stream,
      partition,
      from,
      next,
      offsets: [],
      timestamps: [],
      values: new Slices(),
      gapless: true,
    };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const offsets: bigint[] = [];
  const values = new Slices();
  const keys: (Buffer | null)[] = [];
  let at = 0;
  for (let offset = block.start; offset < block.end; offset++) {
    const isWhole = at + RECORD_PREFIX_BYTES <= bytes.length;
    const valueLength = isWhole ? view.getInt32(at, true) : 0;
    const keyAt = at + RECORD_PREFIX_BYTES;
    const keyLength = isWhole ? view.getInt32(at + 4, true) : 0;
    const valueAt = keyAt + Math.max(keyLength, 0);
    at = valueAt + Math.max(valueLength, 0);
    if (at > bytes.length) throw endsAfter(path, block, offset);
    if (offset < from) continue;
    offsets.push(offset);
    if (valueLength < 0) values.pushNull();
    else values.push(bytes, valueAt, at);
    if (parts?.key) keys.push(keyLength < 0 ? null : bytes.subarray(keyAt, valueAt));
  }
  const timestamps = new Array<number>(offsets.length).fill(timestamp);
  const lines = bytes.subarray(at);
  const hasLines = lines.length === Number(block.end - block.start) * LINE_BYTES;
  const sources = progress && hasLines ? sourcesOf(lines, offsets.length, progress.file) : null;
  return {
    stream,
    partition,
    from,
    next,
    offsets,
    timestamps,
    values,
    ...(sources ? { sources } : {}),
    ...(parts?.key && { keys }),
    ...(parts && { headers: new Map(parts.headers.map((name) => [name, offsets.map(() => null)])) }),
  };
}

/** Goes through the records of a block, which must be as many as it has offsets. */
function countRecords(bytes: Buffer, path: string, block: Block): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records = Number(block.end - block.start);
  let at = 0;
  for (let i = 0; i < records; i++) {
    const isWhole = at + RECORD_PREFIX_BYTES <= bytes.length;
    const valueLength = isWhole ? view.getInt32(at, true) : 0;
    const keyLength = isWhole ? view.getInt32(at + 4, true) : 0;
    at += RECORD_PREFIX_BYTES + Math.max(keyLength, 0) + Math.max(valueLength, 0);
    if (at > bytes.length) throw endsAfter(path, block, block.start + BigInt(i));
  }
}

function endsAfter(path: string, block: Block, offset: bigint): EventlakeError {
  return corruptChunk(path, `the record at offset ${offset} of ${partitionId(block)} ends after its block`);
}

/** Where the last `count` records of a block come from, by the lines that follow its records. */
function sourcesOf(lines: Buffer, count: number, file: string): SourceLines {
  const view = new DataView(lines.buffer, lines.byteOffset, lines.length);
  const sources = new SourceLines();
  for (let at = lines.length - count * LINE_BYTES; at < lines.length; at += LINE_BYTES)
    sources.add(file, view.getUint32(at, true));
  return sources;
}

async function readExactly(file: FileHandle, path: string, position: number, bytes: number): Promise<Buffer> {
  if (bytes > MAX_READ_BYTES) throw corruptChunk(path, `${bytes} bytes at byte ${position} belong together`);
  return readInto(Buffer.allocUnsafeSlow(bytes), file, path, position);
}

async function readInto(buffer: Buffer, file: FileHandle, path: string, position: number): Promise<Buffer> {
  for (let done = 0; done < buffer.length; ) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) throw corruptChunk(path, `it ends at byte ${position + done}`);
    done += bytesRead;
  }
  return buffer;
}
