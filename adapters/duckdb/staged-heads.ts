import type { RecordBatch } from '../../core/contracts.ts';
import { copyBytes, textBytes } from '../../core/copy-bytes.ts';
import { writeDigits } from '../../core/digits.ts';

/** 9999-12-31T23:59:59.999Z: other readers of the lake know no later time. */
const LATEST_MS = 253_402_300_799_999;
/** Below it a number is quicker written digit by digit. */
const SMALL = 2 ** 31;
/** No head is longer: two numbers of 64 bits and one of 32, a form, and their tabs. */
export const HEAD_BYTES = 80;

/** Bytes that lie at the beginning of a buffer that is larger. */
export interface Target {
  readonly bytes: Buffer;
  readonly memory: DataView;
}

/**
 * Writes what stands before the other parts and the value in a line of staged-batch.ts: partition, offset,
 * time and form. Many records in a row have the same but for the offset.
 */
export class StagedHeads {
  #partition = -1;
  #before = textBytes('');
  #timestamp = -1;
  #form = '';
  #after = textBytes('');

  /** Writes the head of record `i` to `at`, and answers with where it ends. */
  write(target: Target, at: number, batch: RecordBatch, i: number, form: string): number {
    if (batch.partition !== this.#partition) {
      this.#partition = batch.partition;
      this.#before = textBytes(`${batch.partition}\t`);
    }
    const timestamp = batch.timestamps[i] ?? -1;
    if (timestamp !== this.#timestamp || form !== this.#form) {
      this.#timestamp = timestamp;
      this.#form = form;
      this.#after = textBytes(`\t${timeOf(timestamp)}\t${form}\t`);
    }
    copyBytes(this.#before, 0, this.#before.byteLength, target.memory, at);
    const end = writeOffset(target.bytes, at + this.#before.byteLength, batch.offsets[i] ?? 0n);
    copyBytes(this.#after, 0, this.#after.byteLength, target.memory, end);
    return end + this.#after.byteLength;
  }
}

function writeOffset(to: Buffer, at: number, offset: bigint): number {
  return offset < SMALL ? writeDigits(to, at, Number(offset)) : at + to.write(`${offset}`, at, 'latin1');
}

/**
 * A producer may give any 64-bit number as a record's timestamp, and -1 for none; what is no time becomes
 * null.
 */
function timeOf(timestamp: number): string {
  return timestamp >= 0 && timestamp <= LATEST_MS ? String(timestamp) : '';
}
