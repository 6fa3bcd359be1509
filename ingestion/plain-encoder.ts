import type { PlainFields } from './record-group.ts';

const [QUOTE, END] = [0x22, Buffer.from('}')];
/** Events of about a thousand lines share one buffer. */
const SHARED_BYTES = 1 << 18;

/** An event as it goes into the log. */
export interface EncodedEvent {
  readonly key: Buffer | null;
  readonly value: Buffer;
}

/** A column that an event carries: its name, and the number of its field in a line. */
export interface CarriedColumn {
  readonly name: string;
  readonly index: number;
}

interface Part {
  readonly index: number;
  readonly filled: Buffer;
  readonly empty: Buffer;
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
  #shared = Buffer.alloc(0);
  #used = 0;

  constructor(carried: readonly CarriedColumn[], keyIndex: number) {
    this.#keyIndex = keyIndex;
    this.#parts = carried.map(({ name, index }, i) => {
      const label = `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`;
      return { index, filled: Buffer.from(`${label}"`), empty: Buffer.from(`${label}null`) };
    });
    this.#overhead = this.#parts.reduce((sum, { empty }) => sum + empty.length, END.length);
  }

  /** The event of record `index` of these. The key lies within the value. */
  encode(bytes: Buffer, { starts, each }: PlainFields, index: number): EncodedEvent {
    const base = index * each;
    const length = (starts[base + each - 1] as number) - (starts[base] as number);
    const shared = this.#room(length + this.#overhead);
    const from = this.#used;
    let at = from;
    let key: Buffer | null = null;
    for (const { index: column, filled, empty } of this.#parts) {
      const first = starts[base + column] as number;
      const last = (starts[base + column + 1] as number) - 1;
      if (first === last) {
        at = put(empty, 0, empty.length, shared, at);
        continue;
      }
      at = put(filled, 0, filled.length, shared, at);
      const begin = at;
      at = put(bytes, first, last, shared, at);
      if (column === this.#keyIndex) key = shared.subarray(begin, at);
      shared[at] = QUOTE;
      at += 1;
    }
    at = put(END, 0, END.length, shared, at);
    this.#used = at;
    return { key, value: shared.subarray(from, at) };
  }

  #room(bytes: number): Buffer {
    if (this.#used + bytes > this.#shared.length) {
      this.#shared = Buffer.allocUnsafeSlow(Math.max(SHARED_BYTES, bytes));
      this.#used = 0;
    }
    return this.#shared;
  }
}

/** For so few bytes a loop is faster than any call that copies. */
function put(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  let to = at;
  for (let i = start; i < end; i += 1) {
    target[to] = source[i] as number;
    to += 1;
  }
  return to;
}
