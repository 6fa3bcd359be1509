import { isUtf8 } from 'node:buffer';
import type { RecordBatch } from '../../core/contracts.ts';
import { copyBytes, memoryOf } from '../../core/copy-bytes.ts';
import type { RecordPart } from '../../core/dataset.ts';
import { Room } from '../../core/room.ts';
import { HEAD_BYTES, StagedHeads } from './staged-heads.ts';
import { stagedParts } from './staged-parts.ts';

/** A value beyond this many bytes is no event; only its beginning is kept. */
export const LARGE_VALUE = 1_000_000;
/** What is kept of a value that is not text. */
export const KEPT_BYTES = 12_000;

const LINE_FEED = 0x0a;

/** What is written of each record, and as what. */
interface Staged {
  readonly values: readonly (Buffer | null)[];
  readonly forms: readonly string[];
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
    const values = batch.values.slice(first);
    const isSmall = values.every((value) => value === null || value.length <= LARGE_VALUE);
    let lines = isSmall && !batch.unreadable ? this.#write(batch, first, asTheyAre(values)) : null;
    if (!lines?.clean) lines = this.#write(batch, first, encoded(values, batch.unreadable ?? false));
    this.longest = Math.max(this.longest, lines.longest);
    return lines.bytes;
  }

  #write(batch: RecordBatch, first: number, { values, forms }: Staged): Lines {
    const otherParts = stagedParts(this.#parts, batch);
    const others = this.#parts.length === 0 ? null : values.map((_, i) => otherParts(first + i));
    let size = 0;
    for (const [i, value] of values.entries())
      size += HEAD_BYTES + (others?.[i]?.length ?? 0) + (value?.length ?? 0);
    const bytes = this.#room.take(size);
    const target = { bytes, memory: memoryOf(bytes) };
    let source = target.memory;
    let at = 0;
    let longest = 0;
    let hasControls = false;
    for (let i = 0; i < values.length; i += 1) {
      const start = at;
      at = this.#heads.write(target, at, batch, first + i, forms[i] ?? '');
      if (others) at += bytes.write(others[i] ?? '', at, 'latin1');
      const value = values[i];
      if (value) {
        if (value.buffer !== source.buffer) source = memoryOf(value);
        const { byteOffset, length } = value;
        if (copyBytes(source, byteOffset, byteOffset + length, target.memory, at)) hasControls = true;
        at += length;
      }
      bytes[at] = LINE_FEED;
      at += 1;
      longest = Math.max(longest, at - start);
    }
    const lines = bytes.subarray(0, at);
    return { bytes: lines, longest, clean: !hasControls && isUtf8(lines) };
  }
}

function asTheyAre(values: Staged['values']): Staged {
  return { values, forms: values.map((value) => (value === null ? 'null' : 'json')) };
}

/** Each value in the form that it needs. */
function encoded(values: Staged['values'], unreadable: boolean): Staged {
  const forms = values.map((value) => (value === null ? 'null' : unreadable ? 'unreadable' : formOf(value)));
  const staged = values.map((value, i) =>
    value === null || forms[i] === 'json' ? value : inBase64(value, forms[i] ?? ''),
  );
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
