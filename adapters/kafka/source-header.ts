import { digitsOf, writeDigits } from '../../core/digits.ts';
import type { SourceLine } from '../../core/source-lines.ts';
import { varintBytes, writeVarint } from './varint.ts';

/**
 * The key of the header by which a record says where it comes from. Its value is the file, a colon and the
 * line, as in `data/shop.csv:12`.
 */
const KEY = Buffer.from('source-line');
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const ONE_HEADER = 2;
/** More than a header takes beside the file's name. */
const MOST = 64;

/** Writes the header of records of one file. */
export class SourceHeader {
  readonly #start: Buffer;
  readonly #file: Buffer;

  constructor(file: string) {
    this.#file = Buffer.from(`${file}:`);
    this.#start = Buffer.from([ONE_HEADER, KEY.length * 2, ...KEY]);
  }

  /** More than any header of this file takes. */
  get most(): number {
    return this.#file.length + MOST;
  }

  /** What `write` takes for this line. */
  bytes(line: number): number {
    const value = this.#file.length + digitsOf(line);
    return this.#start.length + varintBytes(value * 2) + value;
  }

  /** Writes the number of headers, which is one, and the header; answers with where it ends. */
  write(to: Buffer, start: number, line: number): number {
    const digits = digitsOf(line);
    to.set(this.#start, start);
    const at = writeVarint(to, start + this.#start.length, (this.#file.length + digits) * 2);
    to.set(this.#file, at);
    return writeDigits(to, at + this.#file.length, line);
  }
}

/** Reads such headers, and remembers the last file's name: most follow others of the same file. */
export class SourceHeaderReader {
  #bytes = Buffer.alloc(0);
  #file = '';

  /**
   * What the header with this key and value says; null where it is another, or none that was written here.
   */
  read(key: Buffer, value: Buffer): SourceLine | null {
    if (!KEY.equals(key)) return null;
    let at = value.length - 1;
    let line = 0;
    for (let unit = 1; at >= 0 && value[at] !== COLON; unit *= 10, at--) {
      const digit = value[at] as number;
      if (digit < ZERO || digit > NINE) return null;
      line += (digit - ZERO) * unit;
    }
    if (at < 1 || at === value.length - 1 || !Number.isSafeInteger(line)) return null;
    if (this.#bytes.length !== at || this.#bytes.compare(value, 0, at) !== 0) {
      this.#bytes = Buffer.from(value.subarray(0, at));
      this.#file = this.#bytes.toString();
    }
    return { file: this.#file, line };
  }
}
