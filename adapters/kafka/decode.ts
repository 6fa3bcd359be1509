import type { RecordParts } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { Slices } from '../../core/slices.ts';
import { type SourceLine, SourceLines } from '../../core/source-lines.ts';
import { BATCH, COMPRESSION, CONTROL, LOG_APPEND_TIME, TRANSACTIONAL } from './batch.ts';
import { crc32c } from './crc32c.ts';
import { SourceHeaderReader } from './source-header.ts';
import { unpack } from './unpack.ts';

/**
 * A batch as it lies in the log, still packed. It covers the offsets from `base` up to, not including,
 * `next`.
 */
export interface PackedBatch {
  readonly base: bigint;
  readonly next: bigint;
  /**
   * Whether it holds records for readers: not those of aborted transactions, nor the marks where transactions
   * end.
   */
  readonly committed: boolean;
  /**
   * What is wrong with it, where its checksum or its format is; nothing else of such a batch is known for
   * certain.
   */
  readonly damage: string | null;
  /** How many records it claims to have. */
  readonly count: number;
  /** It is `length` bytes of these, from `start` on: a buffer of its own for each small batch costs more. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

/**
 * A transaction that was given up: nothing that its producer wrote from `firstOffset` to its next mark is to
 * be read.
 */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/**
 * The batches in what a broker sent for one partition, with its list of the aborted transactions that touch
 * them. The last batch may be cut off, and is left out. A damaged batch is the last one: it may have been the
 * mark that ends a transaction, so that what follows is to be fetched again, with another list.
 * @throws EventlakeError `log:corrupt` when the first batch is damaged, and where it ends is not known
 */
export function splitBatches(bytes: Buffer, aborted: readonly AbortedTransaction[]): PackedBatch[] {
  const pending = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  let begun = 0;
  const aborting = new Set<bigint>();
  const batches: PackedBatch[] = [];
  for (let start = 0; start + BATCH.RECORDS <= bytes.length; ) {
    const end = endOf(bytes, start);
    if (end > bytes.length) break;
    const base = bytes.readBigInt64BE(start + BATCH.BASE_OFFSET);
    const length = end - start;
    const damage = damageOf(bytes, start, end);
    if (damage) {
      const next = nextOfDamaged(base, bytes.subarray(start, end), bytes.subarray(end));
      const count = length < BATCH.RECORDS ? 0 : bytes.readInt32BE(start + BATCH.COUNT);
      if (next !== null) batches.push({ base, next, committed: true, damage, count, bytes, start, length });
      else if (batches.length === 0)
        throw damaged(base, `${damage}; it cannot be skipped: where it ends is not known`);
      break;
    }
    const last = bytes.readInt32BE(start + BATCH.LAST_OFFSET_DELTA);
    const next = last === 0 ? base + 1n : base + BigInt(last + 1);
    for (let first = pending[begun]; first && first.firstOffset < next; first = pending[++begun])
      aborting.add(first.producerId);
    const attributes = bytes.readInt16BE(start + BATCH.ATTRIBUTES);
    const control = (attributes & CONTROL) !== 0;
    let givenUp = false;
    if ((attributes & (TRANSACTIONAL | CONTROL)) !== 0) {
      const producerId = bytes.readBigInt64BE(start + BATCH.PRODUCER_ID);
      givenUp = aborting.has(producerId);
      if (control) aborting.delete(producerId);
    }
    const count = bytes.readInt32BE(start + BATCH.COUNT);
    const committed = !control && !givenUp;
    batches.push({ base, next, committed, damage: null, count, bytes, start, length });
    start = end;
  }
  return batches;
}

/** Where the batch at `start` ends, at `start` at least. */
function endOf(bytes: Buffer, start: number): number {
  return Math.max(start, start + BATCH.LEADER_EPOCH + bytes.readInt32BE(start + BATCH.LENGTH));
}

/** What is wrong with the batch, or null. A format other than 2 is older than Kafka 0.11. */
function damageOf(bytes: Buffer, start: number, end: number): string | null {
  if (end - start < BATCH.RECORDS) return 'its length is wrong';
  const sum = bytes.readUInt32BE(start + BATCH.CHECKSUM);
  if (bytes[start + BATCH.FORMAT] !== 2 || crc32c(bytes, start + BATCH.ATTRIBUTES, end) !== sum) {
    return 'its checksum or format is wrong';
  }
  return bytes.readInt32BE(start + BATCH.LAST_OFFSET_DELTA) < 0 ? 'it ends before it begins' : null;
}

/**
 * The offset after a damaged batch: that of a whole and sound batch that follows, or by its own header where
 * number of records and last offset agree, as they do in every batch that a producer writes. Null when
 * neither tells: its length may be what is damaged.
 */
function nextOfDamaged(base: bigint, batch: Buffer, following: Buffer): bigint | null {
  if (following.length >= BATCH.RECORDS) {
    const end = endOf(following, 0);
    const next = following.readBigInt64BE(BATCH.BASE_OFFSET);
    if (end <= following.length && damageOf(following, 0, end) === null && next > base) return next;
  }
  if (batch.length < BATCH.RECORDS) return null;
  const last = batch.readInt32BE(BATCH.LAST_OFFSET_DELTA);
  return last >= 0 && last === batch.readInt32BE(BATCH.COUNT) - 1 ? base + BigInt(last) + 1n : null;
}

function damaged(offset: bigint, what: string): EventlakeError {
  return new EventlakeError('log:corrupt', `The record batch at offset ${offset} is damaged: ${what}.`, {
    hint: "Look for disk errors in the broker's log.",
  });
}

/** A header that the reader was asked for, and its values in the records so far. */
interface WantedHeader {
  readonly name: Buffer;
  readonly values: (Buffer | null)[];
}

const NOTHING = Buffer.alloc(0);
const NO_PARTS: RecordParts = { key: false, headers: [] };

/**
 * Records of one partition, as a {@link RecordBatch} has them. Values share the memory of their unpacked
 * batch.
 */
export class UnpackedRecords {
  readonly offsets: bigint[] = [];
  readonly timestamps: number[] = [];
  readonly values = new Slices();
  readonly sources = new SourceLines();
  readonly keys: (Buffer | null)[] = [];
  readonly headers: ReadonlyMap<string, (Buffer | null)[]>;
  readonly #hasKeys: boolean;
  readonly #sourceHeader = new SourceHeaderReader();
  readonly #wanted: readonly WantedHeader[];
  readonly #reader = new RecordReader();

  constructor({ key, headers }: RecordParts = NO_PARTS) {
    this.#hasKeys = key;
    this.headers = new Map(headers.map((name) => [name, []]));
    this.#wanted = [...this.headers].map(([name, values]) => ({ name: Buffer.from(name), values }));
  }

  /**
   * Adds the records of a committed batch from offset `from` on; none of them where the batch cannot be read.
   * @throws EventlakeError `log:corrupt` when the batch is damaged, or they cannot be unpacked, unpack to
   *   more than 128 MB, or are no records
   */
  add(batch: PackedBatch, from: bigint): void {
    if (batch.damage !== null) throw damaged(batch.base, batch.damage);
    const before = this.offsets.length;
    try {
      this.#add(batch, from);
    } catch (cause) {
      const { offsets, timestamps, keys, headers } = this;
      for (const list of [offsets, timestamps, keys, ...headers.values()])
        list.length = Math.min(list.length, before);
      for (const list of [this.values, this.sources]) list.cut(Math.min(list.length, before));
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new EventlakeError(
        'log:corrupt',
        `The records of the batch with offsets ${batch.base} to ${batch.next - 1n} cannot be read: ${reason}.`,
        { cause },
      );
    }
  }

  #add({ base, bytes, start, length, count }: PackedBatch, from: bigint): void {
    const attributes = bytes.readInt16BE(start + BATCH.ATTRIBUTES);
    const codec = attributes & COMPRESSION;
    const [first, end] = [start + BATCH.RECORDS, start + length];
    const reader = this.#reader;
    if (codec === 0) reader.open(bytes, first, end);
    else reader.open(unpack(bytes.subarray(first, end), codec));
    const appended = (attributes & LOG_APPEND_TIME) !== 0;
    const time = Number(
      bytes.readBigInt64BE(start + (appended ? BATCH.MAX_TIMESTAMP : BATCH.BASE_TIMESTAMP)),
    );
    const skipped = from > base ? Number(from - base) : 0;
    const most = bytes.readInt32BE(start + BATCH.LAST_OFFSET_DELTA);
    let last = -1;
    for (let left = count; left > 0; left--) {
      const recordEnd = reader.begin();
      const delta = reader.offsetDelta;
      if (delta <= last || delta > most) throw new Error('offsets do not ascend');
      last = delta;
      if (delta >= skipped) {
        if (this.#hasKeys) this.keys.push(reader.bytes());
        else reader.skipBytes();
        this.offsets.push(delta === 0 ? base : base + BigInt(delta));
        this.timestamps.push(appended ? time : time + reader.timestampDelta);
        reader.bytesTo(this.values);
        for (const { values } of this.#wanted) values.push(null);
        this.sources.push(reader.source(this.#sourceHeader, this.#wanted));
      }
      reader.goTo(recordEnd);
    }
  }
}

/** The records of one batch, as {@link UnpackedRecords} reads them. */
export function decodeRecords(batch: PackedBatch, from: bigint): UnpackedRecords {
  const records = new UnpackedRecords();
  records.add(batch, from);
  return records;
}

/** Walks over the records of unpacked batches, one batch after the other. */
class RecordReader {
  #from: Buffer = NOTHING;
  #at = 0;
  #end = 0;
  offsetDelta = 0;
  timestampDelta = 0;

  /** Begins with the records that lie between `at` and `end`. */
  open(from: Buffer, at = 0, end = from.length): void {
    this.#from = from;
    this.#at = at;
    this.#end = end;
  }

  /** Reads a record up to its key, and answers with where the record ends. */
  begin(): number {
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.#end) throw new Error('a record ends outside of the batch');
    this.#at++; // attributes
    this.timestampDelta = this.#varint();
    this.offsetDelta = this.#varint();
    return end;
  }

  /** A key, or a name or value of a header. */
  bytes(): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    const start = this.#at;
    this.goTo(start + length);
    return this.#from.subarray(start, this.#at);
  }

  /** Adds a value to these. */
  bytesTo(values: Slices): void {
    const length = this.#varint();
    if (length < 0) {
      values.pushNull();
      return;
    }
    const start = this.#at;
    this.goTo(start + length);
    values.push(this.#from, start, this.#at);
  }

  /**
   * Goes over the headers: answers with what they say of where the record comes from, and puts those that are
   * wanted in the place of the last value.
   */
  source(sourceHeader: SourceHeaderReader, wanted: readonly WantedHeader[]): SourceLine | null {
    let source: SourceLine | null = null;
    for (let left = this.#varint(); left > 0; left--) {
      const key = this.bytes();
      const value = this.bytes();
      if (key && value) source ??= sourceHeader.read(key, value);
      for (const { name, values } of wanted) if (key?.equals(name)) values[values.length - 1] = value;
    }
    return source;
  }

  skipBytes(): void {
    const length = this.#varint();
    if (length > 0) this.goTo(this.#at + length);
  }

  goTo(at: number): void {
    if (at < this.#at || at > this.#end) throw new Error('a record ends outside of the batch');
    this.#at = at;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new Error('they end in the middle of a record');
    return this.#from[this.#at++] as number;
  }

  /** A signed number in zigzag coding; timestamp differences may need more than 32 bits. */
  #varint(): number {
    let byte = this.#byte();
    let zigzag = byte & 127;
    for (let unit = 128; byte > 127; unit *= 128) {
      if (unit > 2 ** 63) throw new Error('a number is too long');
      byte = this.#byte();
      zigzag += (byte & 127) * unit;
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }
}
