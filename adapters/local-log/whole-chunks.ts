import { Room } from '../../core/room.ts';
import { readWhole, type WholeChunk } from './chunk.ts';
import type { ChunkFolder } from './folder.ts';

/**
 * Chunks one after the other, each with a single read, for those who keep none of their bytes: the next chunk
 * is read into one room while the one in the other is looked at.
 */
export class WholeChunks {
  readonly #folder: ChunkFolder;
  #rooms = [new Room(), new Room()] as const;
  #ahead: { number: number; chunk: Promise<WholeChunk> } | null = null;

  constructor(folder: ChunkFolder) {
    this.#folder = folder;
  }

  /** The chunk `number`, good until the next is taken; `last` is the newest that is known. */
  async take(number: number, last: number): Promise<WholeChunk> {
    const chunk = await (this.#ahead?.number === number ? this.#ahead.chunk : this.#load(number));
    const next = number + 1;
    this.#ahead = next <= last ? { number: next, chunk: this.#load(next) } : null;
    // Its failure is thrown where it is waited for.
    this.#ahead?.chunk.catch(() => {});
    return chunk;
  }

  #load(number: number): Promise<WholeChunk> {
    return this.#folder.readChunk(number, (file, path) =>
      readWhole(file, path, (bytes) => {
        const [used, free] = this.#rooms;
        this.#rooms = [free, used];
        return free.take(bytes);
      }),
    );
  }
}
