import { isUtf8 } from 'node:buffer';
import type { RecordBatch } from '../../core/contracts.ts';
import type { RecordPart } from '../../core/dataset.ts';
import { Room } from '../../core/room.ts';
import { stagedParts } from './staged-parts.ts';

/** A value beyond this many bytes is no event; only its beginning is kept. */
export const LARGE_VALUE = 1_000_000;
/** What is kept of a value that is not text. */
export const KEPT_BYTES = 12_000;
/** 9999-12-31T23:59:59.999Z: other readers of the lake know no later time. */
const LATEST_MS = 253_402_300_799_999;

const SPACE = 0x20;

/** Writes the records of one stream as the lines that staged-batch.ts describes. */
export class StagedLines {
  readonly #parts: readonly RecordPart[];
  readonly #written = new Room();
  readonly #joined = new Room();
  /** Bytes of the longest line so far. */
  longest = 0;

  /** `parts` are those of a record, besides its value, that columns are read from. */
  constructor(parts: readonly RecordPart[]) {
    this.#parts = parts;
  }

  /** The lines of the records from index `first` on, good until the next ones are asked for. */
  of(batch: RecordBatch, first: number): Buffer {
    const otherParts = stagedParts(this.#parts, batch);
    const values = batch.values.slice(first);
    const clean = !batch.unreadable && this.#allClean(values);
    const prefix = `${batch.partition}\t`;
    const parts: Buffer[] = [];
    let size = 0;
    const heads = values.map((value, i) => {
      const form = value === null ? 'null' : clean ? 'json' : batch.unreadable ? 'unreadable' : formOf(value);
      const staged = value === null ? null : form === 'json' ? value : inBase64(value, form);
      const head = `${prefix}${batch.offsets[first + i]}\t${timeOf(batch.timestamps[first + i])}\t${form}\t${otherParts(first + i)}`;
      const length = head.length + (staged?.length ?? 0) + 1;
      size += length;
      this.longest = Math.max(this.longest, length);
      parts.push(staged ?? Buffer.alloc(0));
      return head;
    });
    const lines = this.#written.take(size);
    let at = 0;
    for (const [i, part] of parts.entries()) {
      at += lines.write(heads[i] ?? '', at, 'latin1');
      at += part.copy(lines, at);
      lines[at] = 0x0a;
      at += 1;
    }
    return lines;
  }

  /**
   * Looks at all values at once, which is far cheaper than at each: true when every one can be staged as it
   * is.
   */
  #allClean(values: readonly (Buffer | null)[]): boolean {
    let size = 0;
    for (const value of values) {
      if (value === null) continue;
      if (value.length > LARGE_VALUE) return false;
      size += value.length + 1;
    }
    const joined = this.#joined.take(size);
    let at = 0;
    for (const value of values) {
      if (value === null) continue;
      at += value.copy(joined, at);
      // It keeps two broken characters from making a whole one.
      joined[at] = SPACE;
      at += 1;
    }
    return isUtf8(joined) && !breaksLine(joined);
  }
}

/**
 * A producer may give any 64-bit number as a record's timestamp, and -1 for none; what is no time becomes
 * null.
 */
function timeOf(timestamp: number | undefined): string {
  return timestamp !== undefined && timestamp >= 0 && timestamp <= LATEST_MS ? String(timestamp) : '';
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
