import { zstdDecompressSync } from 'node:zlib';
import { compressionsAlgorithmsByBitmask, crc32c } from '@platformatic/kafka';
import { EventlakeError } from '../../core/errors.ts';
import { BATCH, COMPRESSION, CONTROL, LOG_APPEND_TIME, TRANSACTIONAL, ZSTD } from './batch.ts';

/** Room for a whole batch of our writers. By default, zlib joins pieces of 16 kB. */
const UNPACK_AT_ONCE = { chunkSize: 576 * 1024 };

/** A batch as it lies in the log, still packed. It covers the offsets from `base` up to, not including, `next`. */
export interface PackedBatch {
  readonly base: bigint;
  readonly next: bigint;
  /** Whether it holds records for readers: not those of aborted transactions, nor the marks where transactions end. */
  readonly committed: boolean;
  readonly bytes: Buffer;
}

/** A transaction that was given up: nothing that its producer wrote from `firstOffset` to its next mark is to be read. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/**
 * The batches in what a broker sent for one partition, with its list of the aborted transactions that touch them. The last batch may
 * be cut off, and is left out.
 * @throws EventlakeError `log:corrupt` when a checksum does not match, or the format is older than Kafka 0.11
 */
export function splitBatches(bytes: Buffer, aborted: readonly AbortedTransaction[]): PackedBatch[] {
  const pending = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<bigint>();
  const batches: PackedBatch[] = [];
  for (let start = 0; start + BATCH.RECORDS <= bytes.length; ) {
    const end = start + BATCH.LEADER_EPOCH + bytes.readInt32BE(start + BATCH.LENGTH);
    if (end > bytes.length) break;
    const batch = bytes.subarray(start, end);
    start = end;
    const base = batch.readBigInt64BE(BATCH.BASE_OFFSET);
    const sum = batch.readUInt32BE(BATCH.CHECKSUM);
    if (batch[BATCH.FORMAT] !== 2 || crc32c(batch.subarray(BATCH.ATTRIBUTES)) !== sum) {
      throw new EventlakeError('log:corrupt', `The record batch at offset ${base} cannot be read.`, {
        hint: "Look for disk errors in the broker's log.",
      });
    }
    const next = base + BigInt(batch.readInt32BE(BATCH.LAST_OFFSET_DELTA)) + 1n;
    for (let first = pending[0]; first && first.firstOffset < next; first = pending[0]) {
      aborting.add(first.producerId);
      pending.shift();
    }
    const attributes = batch.readInt16BE(BATCH.ATTRIBUTES);
    const producerId = batch.readBigInt64BE(BATCH.PRODUCER_ID);
    const control = (attributes & CONTROL) !== 0;
    const givenUp = (attributes & TRANSACTIONAL) !== 0 && aborting.has(producerId);
    if (control) aborting.delete(producerId);
    batches.push({ base, next, committed: !control && !givenUp, bytes: batch });
  }
  return batches;
}

/** The records of a committed batch from offset `from` on, without keys and headers. Values share the memory of the unpacked batch. */
export function decodeRecords(
  { base, bytes }: PackedBatch,
  from: bigint,
): { offsets: bigint[]; timestamps: number[]; values: (Buffer | null)[] } {
  const attributes = bytes.readInt16BE(BATCH.ATTRIBUTES);
  const reader = new RecordReader(unpack(bytes.subarray(BATCH.RECORDS), attributes & COMPRESSION), 0);
  const appended = (attributes & LOG_APPEND_TIME) !== 0;
  const time = Number(bytes.readBigInt64BE(appended ? BATCH.MAX_TIMESTAMP : BATCH.BASE_TIMESTAMP));
  const skipped = from > base ? Number(from - base) : 0;
  const offsets: bigint[] = [];
  const timestamps: number[] = [];
  const values: (Buffer | null)[] = [];
  for (let left = bytes.readInt32BE(BATCH.COUNT); left > 0; left--) {
    const end = reader.begin();
    if (reader.offsetDelta >= skipped) {
      reader.skipBytes();
      offsets.push(base + BigInt(reader.offsetDelta));
      timestamps.push(appended ? time : time + reader.timestampDelta);
      values.push(reader.bytes());
    }
    reader.at = end;
  }
  return { offsets, timestamps, values };
}

function unpack(packed: Buffer, compression: number): Buffer {
  if (compression === ZSTD) return zstdDecompressSync(packed, UNPACK_AT_ONCE);
  const codec = compressionsAlgorithmsByBitmask[compression];
  if (!codec)
    throw new EventlakeError('log:corrupt', `Records are packed in an unknown way (${compression}).`);
  return codec.decompressSync(packed);
}

/** Walks over the records of an unpacked batch. */
class RecordReader {
  at: number;
  offsetDelta = 0;
  timestampDelta = 0;
  readonly #from: Buffer;

  constructor(from: Buffer, at: number) {
    this.#from = from;
    this.at = at;
  }

  /** Reads a record up to its key, and answers with where the record ends. */
  begin(): number {
    const length = this.#varint();
    const end = this.at + length;
    this.at++; // attributes
    this.timestampDelta = this.#varint();
    this.offsetDelta = this.#varint();
    return end;
  }

  /** A key or a value. */
  bytes(): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    return this.#from.subarray(start, this.at);
  }

  skipBytes(): void {
    const length = this.#varint();
    if (length > 0) this.at += length;
  }

  /** A signed number in zigzag coding; timestamp differences may need more than 32 bits. */
  #varint(): number {
    const from = this.#from;
    let byte = from[this.at++] as number;
    let zigzag = byte & 127;
    for (let unit = 128; byte > 127; unit *= 128) {
      byte = from[this.at++] as number;
      zigzag += (byte & 127) * unit;
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }
}
