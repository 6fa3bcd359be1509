/**
 * Memory for bytes that are needed for a moment and used again for the next: a new buffer each time would be
 * garbage of many megabytes until the collector comes.
 */
export class Room {
  #buffer = Buffer.alloc(0);

  /**
   * So many bytes, of any content, at the beginning of their memory; those that were taken before are no
   * longer good.
   */
  take(bytes: number): Buffer {
    // A little more than is asked for: most are of nearly one size, each a little larger than some before it.
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes + (bytes >>> 3));
    return this.#buffer.subarray(0, bytes);
  }
}
