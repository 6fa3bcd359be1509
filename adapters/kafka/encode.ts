import { constants, zstdCompressSync } from 'node:zlib';
import { crc32c } from '@platformatic/kafka';
import type { OutgoingRecord } from '../../core/contracts.ts';
import { BATCH, TRANSACTIONAL, ZSTD } from './batch.ts';
import type { SourceHeader } from './source-header.ts';
import { varintBytes, writeVarint } from './varint.ts';

/**
 * Records are packed up to this size before compression. The broker's limit (1,048,588 bytes) counts after
 * it, so that the largest allowed value still fits, alone in its batch.
 */
const PACK_BYTES = 512 * 1024;
/** Level 1 packs 1 MB of events to about 80 kB in 0.9 ms; lz4 takes 1.3 ms for 185 kB. */
const ZSTD_LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** More than the parts of a record beside key, value and header take. */
const RECORD_OVERHEAD = 32;

/** Who writes: with these the broker notices repeats and superseded writers. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Packs records into transactional batches, compressed with zstd. */
export class RecordBatchEncoder {
  #unpacked = Buffer.allocUnsafe(PACK_BYTES);

  /**
   * Packs as many of `records`, beginning with number `first`, as fit into one batch, and at least one.
   * `sequence` numbers the records of this producer in this partition. Records that are lines of a file get
   * `source` as their header. `next` is the number of the first record left out.
   */
  encode(
    records: readonly OutgoingRecord[],
    first: number,
    identity: ProducerIdentity,
    sequence: number,
    source: SourceHeader,
  ): { batch: Buffer; next: number } {
    let at = 0;
    let next = first;
    for (const limit = records.length; next < limit; next++) {
      const record = records[next] as OutgoingRecord;
      const end = at + RECORD_OVERHEAD + source.most + (record.key?.length ?? 0) + record.value.length;
      if (end > PACK_BYTES && next > first) break;
      if (end > this.#unpacked.length) this.#unpacked = Buffer.allocUnsafe(end);
      at = writeRecord(this.#unpacked, at, next - first, record, source);
    }
    const packed = zstdCompressSync(this.#unpacked.subarray(0, at), ZSTD_LEVEL);
    const batch = Buffer.allocUnsafe(BATCH.RECORDS + packed.length);
    const now = BigInt(Date.now());
    batch.writeBigInt64BE(0n, BATCH.BASE_OFFSET);
    batch.writeInt32BE(batch.length - BATCH.LEADER_EPOCH, BATCH.LENGTH);
    batch.writeInt32BE(-1, BATCH.LEADER_EPOCH);
    batch.writeInt8(2, BATCH.FORMAT);
    batch.writeInt16BE(TRANSACTIONAL | ZSTD, BATCH.ATTRIBUTES);
    batch.writeInt32BE(next - first - 1, BATCH.LAST_OFFSET_DELTA);
    batch.writeBigInt64BE(now, BATCH.BASE_TIMESTAMP);
    batch.writeBigInt64BE(now, BATCH.MAX_TIMESTAMP);
    batch.writeBigInt64BE(identity.producerId, BATCH.PRODUCER_ID);
    batch.writeInt16BE(identity.producerEpoch, BATCH.PRODUCER_EPOCH);
    batch.writeInt32BE(sequence, BATCH.BASE_SEQUENCE);
    batch.writeInt32BE(next - first, BATCH.COUNT);
    packed.copy(batch, BATCH.RECORDS);
    batch.writeUInt32BE(crc32c(batch.subarray(BATCH.ATTRIBUTES)), BATCH.CHECKSUM);
    return { batch, next };
  }
}

/** Every record has the batch's timestamp. Numbers are varints in zigzag coding. */
function writeRecord(
  to: Buffer,
  start: number,
  offsetDelta: number,
  { key, value, line }: OutgoingRecord,
  source: SourceHeader,
): number {
  const keyBytes = key ? varintBytes(key.length * 2) + key.length : 1;
  const valueBytes = varintBytes(value.length * 2) + value.length;
  const headerBytes = line === undefined ? 1 : source.bytes(line);
  const length = 2 + varintBytes(offsetDelta * 2) + keyBytes + valueBytes + headerBytes;
  let at = writeVarint(to, start, length * 2);
  to[at++] = 0; // attributes
  to[at++] = 0; // timestamp delta
  at = writeVarint(to, at, offsetDelta * 2);
  if (key) {
    at = writeVarint(to, at, key.length * 2);
    at += key.copy(to, at);
  } else {
    to[at++] = 1; // -1: no key
  }
  at = writeVarint(to, at, value.length * 2);
  at += value.copy(to, at);
  if (line !== undefined) return source.write(to, at, line);
  to[at++] = 0; // number of headers
  return at;
}
