import { copyBytes, memoryOf, textBytes } from '../core/copy-bytes.ts';
import type { Slices } from '../core/slices.ts';
import type { PlainFields } from './record-group.ts';

const [QUOTE, END] = [0x22, 0x7d];
const NOTHING: Buffer = Buffer.alloc(0);
/** Events of about a thousand lines share one page. */
const PAGE_BYTES = 1 << 18;

/** Events as they go into the log. */
export interface EncodedEvents {
  readonly keys: Slices;
  readonly values: Slices;
}

/** A column that an event carries: its name, and the number of its field in a line. */
export interface CarriedColumn {
  readonly name: string;
  readonly index: number;
}

interface Part {
  readonly index: number;
  /** What stands before the value. */
  readonly filled: DataView;
  /** What stands in place of an empty one. */
  readonly empty: DataView;
}

/**
 * Writes the JSON of plain records, byte by byte: put together from strings, each event would leave some
 * thirty of them to the garbage collector.
 */
export class PlainLineEncoder {
  readonly #parts: readonly Part[];
  readonly #keyIndex: number;
  /** Bytes of an event besides those of its line, at most. */
  readonly #overhead: number;
  #page = NOTHING;
  #pageMemory = memoryOf(NOTHING);
  #used = 0;
  /** Pages that are made here, and of these those that are free. */
  readonly #pages = new WeakSet<Buffer>();
  readonly #free: Buffer[] = [];
  /** The bytes of the last group, most of whose records follow each other. */
  #bytes = NOTHING;
  #memory = memoryOf(NOTHING);

  constructor(carried: readonly CarriedColumn[], keyIndex: number) {
    this.#keyIndex = keyIndex;
    this.#parts = carried.map(({ name, index }, i) => {
      const label = `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`;
      return { index, filled: textBytes(`${label}"`), empty: textBytes(`${label}null`) };
    });
    this.#overhead = this.#parts.reduce((sum, { empty }) => sum + empty.byteLength, 1);
  }

  /** Adds the event of record `index` of these. The key lies within the value. */
  encode(bytes: Buffer, { starts, each }: PlainFields, index: number, to: EncodedEvents): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#memory = memoryOf(bytes);
    }
    const [memory, offset] = [this.#memory, bytes.byteOffset];
    const base = index * each;
    const length = (starts[base + each - 1] as number) - (starts[base] as number);
    const page = this.#room(length + this.#overhead);
    const target = this.#pageMemory;
    const from = this.#used;
    let at = from;
    let [keyBegin, keyEnd] = [-1, -1];
    for (const { index: column, filled, empty } of this.#parts) {
      const first = starts[base + column] as number;
      const last = (starts[base + column + 1] as number) - 1;
      const before = first === last ? empty : filled;
      copyBytes(before, 0, before.byteLength, target, at);
      at += before.byteLength;
      if (first === last) continue;
      copyBytes(memory, offset + first, offset + last, target, at);
      const end = at + last - first;
      if (column === this.#keyIndex) [keyBegin, keyEnd] = [at, end];
      page[end] = QUOTE;
      at = end + 1;
    }
    page[at] = END;
    this.#used = at + 1;
    to.keys.push(page, keyBegin, keyEnd);
    to.values.push(page, from, at + 1);
  }

  /**
   * Takes back the memory of a chunk's events, which nobody reads any more: new pages for each chunk would
   * have the garbage collector come far more often.
   */
  release({ values }: EncodedEvents): void {
    const pages = [...new Set(values.buffers)].filter((buffer) => this.#pages.has(buffer));
    // The next chunk begins in the last one.
    this.#free.push(...pages.slice(0, -1));
  }

  #room(bytes: number): Buffer {
    if (this.#used + bytes > this.#page.length) {
      this.#page = (bytes <= PAGE_BYTES && this.#free.pop()) || this.#newPage(bytes);
      this.#pageMemory = memoryOf(this.#page);
      this.#used = 0;
    }
    return this.#page;
  }

  #newPage(bytes: number): Buffer {
    const page = Buffer.allocUnsafeSlow(Math.max(PAGE_BYTES, bytes));
    if (page.length === PAGE_BYTES) this.#pages.add(page);
    return page;
  }
}
