import { copyBytes, memoryOf } from './copy-bytes.ts';

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Byte strings, or nulls, that are pieces of larger buffers. A buffer for each would be an object of a
 * hundred bytes, and the garbage collector would have to follow them all.
 */
export class Slices implements Iterable<Buffer | null> {
  /** Piece i is the bytes from `begins[i]` up to `ends[i]` of `buffers[i]`; null where `begins[i]` is -1. */
  readonly buffers: Buffer[] = [];
  readonly begins: number[] = [];
  readonly ends: number[] = [];
  /** The buffer of the last piece that was copied: most lie in that of the one before. */
  #copied = NOTHING;
  #memory = memoryOf(NOTHING);

  static of(pieces: Iterable<Buffer | null>): Slices {
    const all = new Slices();
    for (const piece of pieces) all.pushAll(piece);
    return all;
  }

  get length(): number {
    return this.ends.length;
  }

  push(buffer: Buffer, begin: number, end: number): void {
    this.buffers.push(buffer);
    this.begins.push(begin);
    this.ends.push(end);
  }

  /** Adds the whole buffer. */
  pushAll(buffer: Buffer | null): void {
    if (buffer === null) this.pushNull();
    else this.push(buffer, 0, buffer.length);
  }

  pushText(text: string): void {
    this.pushAll(Buffer.from(text));
  }

  pushNull(): void {
    this.push(NOTHING, -1, -1);
  }

  /** Forgets those from number `length` on. */
  cut(length: number): void {
    for (const list of [this.buffers, this.begins, this.ends]) list.length = length;
  }

  /** Bytes of piece `i`; 0 of a null. */
  bytesOf(i: number): number {
    return (this.ends[i] ?? 0) - (this.begins[i] ?? 0);
  }

  isNull(i: number): boolean {
    return (this.begins[i] ?? -1) < 0;
  }

  /** Copies piece `i` to `at` in the target; true when it has a control character. A null has no bytes. */
  copy(i: number, target: DataView, at: number): boolean {
    const buffer = this.buffers[i];
    if (!buffer || this.isNull(i)) return false;
    if (buffer !== this.#copied) {
      this.#copied = buffer;
      this.#memory = memoryOf(buffer);
    }
    const { byteOffset } = buffer;
    const [begin, end] = [this.begins[i] as number, this.ends[i] as number];
    return copyBytes(this.#memory, byteOffset + begin, byteOffset + end, target, at);
  }

  at(i: number): Buffer | null {
    return this.isNull(i) ? null : (this.buffers[i] ?? NOTHING).subarray(this.begins[i], this.ends[i]);
  }

  *[Symbol.iterator](): Generator<Buffer | null> {
    for (let i = 0; i < this.length; i += 1) yield this.at(i);
  }
}
