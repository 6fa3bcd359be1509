import type { PackedBatch } from './decode.ts';

/**
 * Batches that wait to be read, first in, first out, and how many bytes they have: each operation takes the
 * same time however many wait.
 */
export class BatchQueue {
  #batches: PackedBatch[] = [];
  #read = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get first(): PackedBatch | undefined {
    return this.#batches[this.#read];
  }

  add(batches: readonly PackedBatch[]): void {
    // What was read is let go, once it is the greater part.
    if (this.#read * 2 >= this.#batches.length) {
      this.#batches = this.#batches.slice(this.#read);
      this.#read = 0;
    }
    for (const batch of batches) {
      this.#batches.push(batch);
      this.#bytes += batch.length;
    }
  }

  removeFirst(): void {
    this.#bytes -= this.first?.length ?? 0;
    this.#read += 1;
    if (this.#read < this.#batches.length) return;
    this.#batches = [];
    this.#read = 0;
  }
}
