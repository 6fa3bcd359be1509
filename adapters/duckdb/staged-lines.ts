import { isUtf8 } from 'node:buffer';
import type { RecordBatch } from '../../core/contracts.ts';
import { memoryOf } from '../../core/copy-bytes.ts';
import type { RecordPart } from '../../core/dataset.ts';
import { Room } from '../../core/room.ts';
import { Slices } from '../../core/slices.ts';
import { HEAD_BYTES, StagedHeads } from './staged-heads.ts';
import { stagedParts } from './staged-parts.ts';

/** A value beyond this many bytes is no event; only its beginning is kept. */
export const LARGE_VALUE = 1_000_000;
/** What is kept of a value that is not text. */
export const KEPT_BYTES = 12_000;

const LINE_FEED = 0x0a;

/** What is written of a batch's records, and as what. */
interface Staged {
  readonly values: Slices;
  /** Absent where each is `json`, or `null` where there is no value. */
  readonly forms?: readonly string[];
}

interface Lines {
  readonly bytes: Buffer;
  /** Of one line, at most. */
  readonly longest: number;
  /** No value has a control character, or bytes that are not UTF-8. */
  readonly clean: boolean;
}

/** Writes the records of one stream as the lines that staged-batch.ts describes. */
export class StagedLines {
  readonly #parts: readonly RecordPart[];
  readonly #heads = new StagedHeads();
  readonly #room = new Room();
  /** Bytes of the longest line so far. */
  longest = 0;

  /** `parts` are those of a record, besides its value, that columns are read from. */
  constructor(parts: readonly RecordPart[]) {
    this.#parts = parts;
  }

  /**
   * The lines of the records from index `first` on, good until the next ones are asked for. Most batches are
   * clean: they are written as they are, and looked at as a whole, which is far cheaper than at each value.
   */
  of(batch: RecordBatch, first: number): Buffer {
    const isSmall = !batch.unreadable && largestOf(batch.values) <= LARGE_VALUE;
    let lines = isSmall ? this.#write(batch, first, batch) : null;
    if (!lines?.clean) lines = this.#write(batch, first, encoded(batch));
    this.longest = Math.max(this.longest, lines.longest);
    return lines.bytes;
  }

  #write(batch: RecordBatch, first: number, { values, forms }: Staged): Lines {
    const others = this.#parts.length > 0 ? this.#otherParts(batch, first) : null;
    const bytes = this.#room.take(sizeOf(values, first) + (others?.bytes ?? 0));
    const target = { bytes, memory: memoryOf(bytes) };
    let at = 0;
    let longest = 0;
    let hasControls = false;
    for (let i = first; i < values.length; i += 1) {
      const start = at;
      const length = values.bytesOf(i);
      at = this.#heads.write(target, at, batch, i, forms?.[i] ?? (values.isNull(i) ? 'null' : 'json'));
      if (others) at += bytes.write(others.texts[i - first] ?? '', at, 'latin1');
      if (values.copy(i, target.memory, at)) hasControls = true;
      at += length;
      bytes[at] = LINE_FEED;
      at += 1;
      longest = Math.max(longest, at - start);
    }
    const lines = bytes.subarray(0, at);
    return { bytes: lines, longest, clean: !hasControls && isUtf8(lines) };
  }

  #otherParts(batch: RecordBatch, first: number): { texts: string[]; bytes: number } {
    const textOf = stagedParts(this.#parts, batch);
    const texts = Array.from({ length: batch.values.length - first }, (_, i) => textOf(first + i));
    return { texts, bytes: texts.reduce((sum, text) => sum + text.length, 0) };
  }
}

/** Bytes of the largest. */
function largestOf(values: Slices): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) largest = Math.max(largest, values.bytesOf(i));
  return largest;
}

/** At least what the lines take without their other parts. */
function sizeOf(values: Slices, first: number): number {
  let size = 0;
  for (let i = first; i < values.length; i += 1) size += HEAD_BYTES + values.bytesOf(i);
  return size;
}

/** Each value in the form that it needs. */
function encoded({ values, unreadable }: RecordBatch): Staged {
  const forms: string[] = [];
  const staged = new Slices();
  for (const value of values) {
    const form = value === null ? 'null' : unreadable ? 'unreadable' : formOf(value);
    forms.push(form);
    staged.pushAll(value === null || form === 'json' ? value : inBase64(value, form));
  }
  return { values: staged, forms };
}

function formOf(value: Buffer): 'json' | 'text' | 'bytes' | 'large' {
  if (value.length > LARGE_VALUE) return 'large';
  if (!isUtf8(value)) return 'bytes';
  return breaksLine(value) ? 'text' : 'json';
}

function inBase64(value: Buffer, form: string): Buffer {
  return Buffer.from((form === 'text' ? value : value.subarray(0, KEPT_BYTES)).toString('base64'));
}

function breaksLine(bytes: Buffer): boolean {
  return bytes.includes(0x0a) || bytes.includes(0x09) || bytes.includes(0x0d) || bytes.includes(0x00);
}
