import { copyBytes, memoryOf } from './copy-bytes.ts';

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Byte strings, or nulls, that are pieces of larger buffers. A buffer for each would be an object of a
 * hundred bytes, and the garbage collector would have to follow them all.
 */
export class Slices {
  /** Piece i is the bytes from `begins[i]` up to `ends[i]` of `buffers[i]`; null where `begins[i]` is -1. */
  readonly buffers: Buffer[] = [];
  readonly begins: number[] = [];
  readonly ends: number[] = [];
  /** The buffer of the last piece that was copied: most lie in that of the one before. */
  #copied = NOTHING;
  #memory = memoryOf(NOTHING);

  get length(): number {
    return this.ends.length;
  }

  push(buffer: Buffer, begin: number, end: number): void {
    this.buffers.push(buffer);
    this.begins.push(begin);
    this.ends.push(end);
  }

  pushText(text: string): void {
    const bytes = Buffer.from(text);
    this.push(bytes, 0, bytes.length);
  }

  pushNull(): void {
    this.push(NOTHING, -1, -1);
  }

  /** Bytes of piece `i`; 0 of a null. */
  bytesOf(i: number): number {
    return (this.ends[i] ?? 0) - (this.begins[i] ?? 0);
  }

  isNull(i: number): boolean {
    return (this.begins[i] ?? -1) < 0;
  }

  /** Copies piece `i` to `at` in the target, and answers with where it ends there. A null has no bytes. */
  copy(i: number, target: DataView, at: number): number {
    const buffer = this.buffers[i];
    if (!buffer || this.isNull(i)) return at;
    if (buffer !== this.#copied) {
      this.#copied = buffer;
      this.#memory = memoryOf(buffer);
    }
    const [begin, end] = [this.begins[i] as number, this.ends[i] as number];
    copyBytes(this.#memory, buffer.byteOffset + begin, buffer.byteOffset + end, target, at);
    return at + end - begin;
  }

  at(i: number): Buffer | null {
    return this.isNull(i) ? null : (this.buffers[i] ?? NOTHING).subarray(this.begins[i], this.ends[i]);
  }
}
