/**
 * The folder of the local log: `<20 digits>.chunk` files, numbered without gaps and never changed.
 *
 * A chunk is written to a temporary file, fsynced, and linked under the next number. The link is exclusive,
 * so each number is given to one writer only, and the second one learns it: that is the whole concurrency
 * control. Temporary files lie in a folder of their writer's own; when that folder is gone, the writer's link
 * cannot succeed any more.
 */
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EventlakeError } from '../../core/errors.ts';
import { corruptChunk, readHeader } from './chunk.ts';
import type { ChunkHeader } from './chunk-header.ts';

const CHUNK_NAME = /^(\d{20})\.chunk$/;
const WRITER_NAME = /^writer-(\d{20})-/;
const OPENING_NAME = /^opening-/;
/** Opening a writer takes milliseconds: a folder this old was left by one that died over it. */
const ABANDONED_AFTER_MS = 3_600_000;
/**
 * Listing a folder of many files takes long: for so long after it, and for so many new files, it is enough to
 * look for the next number.
 */
const LISTED_FOR_MS = 30_000;
const MOST_PROBES = 50;

/** The numbers of the first and the last chunk file that are there. */
export interface ChunkNumbers {
  readonly first: number;
  readonly last: number;
}

export class ChunkFolder {
  readonly path: string;
  #listed: { readonly numbers: ChunkNumbers; readonly at: number } | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder so that it survives a power failure. */
  async create(): Promise<void> {
    await this.#write(async () => {
      const topmost = await mkdir(this.path, { recursive: true });
      if (topmost === undefined) return;
      for (let made = resolve(this.path); ; made = dirname(made)) {
        await syncFolder(dirname(made));
        if (made === resolve(topmost)) return;
      }
    });
  }

  /** Null when there is no chunk, or not even the folder. */
  async numbers(): Promise<ChunkNumbers | null> {
    const at = performance.now();
    const probed = await this.#probe(at);
    if (probed) return probed;
    const numbers = await this.#list();
    this.#listed = numbers && { numbers, at };
    return numbers;
  }

  /** The numbers by what was listed before, and is still there; null when the folder must be listed. */
  async #probe(now: number): Promise<ChunkNumbers | null> {
    if (this.#listed === null || now - this.#listed.at > LISTED_FOR_MS) return null;
    const { numbers, at } = this.#listed;
    for (const known of [numbers.first, numbers.last])
      if (!(await exists(this.chunkPath(known)))) return null;
    let { last } = numbers;
    while (await exists(this.chunkPath(last + 1))) {
      last += 1;
      if (last - numbers.last > MOST_PROBES) return null;
    }
    // A file that is missing between others is found at once where it is one.
    if (await exists(this.chunkPath(last + 2))) return null;
    this.#listed = { numbers: { first: numbers.first, last }, at };
    return this.#listed.numbers;
  }

  async #list(): Promise<ChunkNumbers | null> {
    let first = Number.POSITIVE_INFINITY;
    let last = -1;
    for (const name of await this.#names()) {
      const digits = CHUNK_NAME.exec(name)?.[1];
      if (digits === undefined) continue;
      first = Math.min(first, Number(digits));
      last = Math.max(last, Number(digits));
    }
    return last < 0 ? null : { first, last };
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.path);
    } catch (error) {
      if (errno(error) === 'ENOENT') return [];
      throw unreadable(this.path, error);
    }
  }

  chunkPath(number: number): string {
    return join(this.path, `${digits(number)}.chunk`);
  }

  async header(number: number): Promise<ChunkHeader> {
    return this.readChunk(number, (file, path) => readHeader(file, path));
  }

  /**
   * Opens the chunk file `number` for `read`.
   * `log:offsets_missing` when it is no longer there, `log:corrupt` when it is missing between others.
   */
  async readChunk<T>(number: number, read: (file: FileHandle, path: string) => Promise<T>): Promise<T> {
    const path = this.chunkPath(number);
    try {
      return await withFile(path, 'r', (file) => read(file, path));
    } catch (error) {
      if (error instanceof EventlakeError) throw error;
      if (errno(error) !== 'ENOENT') throw unreadable(path, error);
    }
    const left = await this.numbers();
    if (left !== null && left.first < number && number < left.last) throw corruptChunk(path, 'it is missing');
    throw new EventlakeError('log:offsets_missing', `The log file ${path} was removed while it was needed.`, {
      hint: 'Run the command again. If the log was wiped on purpose, wipe the rest too: `eventlake reset --yes`.',
    });
  }

  /**
   * Stores a chunk durably under `number`; false when that number is taken. `log:fenced` when the temporary
   * folder `workplace` is gone: the log was wiped, or a newer writer has cleared it away.
   */
  async append(workplace: string, number: number, buffers: readonly Buffer[]): Promise<boolean> {
    const temporary = join(workplace, `${digits(number)}.tmp`);
    return this.#write(async () => {
      try {
        await writeDurably(temporary, buffers);
        await link(temporary, this.chunkPath(number));
        await syncFolder(this.path);
        return true;
      } catch (error) {
        if (errno(error) === 'EEXIST') return false;
        throw error;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  /**
   * Makes sure that the chunks seen so far stay after a power failure, although their writer may not have
   * come that far yet.
   */
  async sync(): Promise<void> {
    await syncFolder(this.path);
  }

  /** A new temporary folder for one who has no number yet. */
  async startOpening(id: string): Promise<string> {
    const workplace = join(this.path, `opening-${id}`);
    await this.#write(() => mkdir(workplace));
    return workplace;
  }

  /**
   * Names the temporary folder after the chunk with which its writer was opened, and removes those of all
   * older writers.
   */
  async finishOpening(workplace: string, id: string, number: number): Promise<string> {
    const own = join(this.path, `writer-${digits(number)}-${id}`);
    await this.#write(async () => {
      await rename(workplace, own);
      for (const name of await this.#names()) {
        const opened = WRITER_NAME.exec(name)?.[1];
        const superseded = opened !== undefined && Number(opened) < number;
        if (superseded || (OPENING_NAME.test(name) && (await isAbandoned(join(this.path, name))))) {
          await remove(join(this.path, name));
        }
      }
    });
    return own;
  }

  /** Removes the temporary folder of a writer that is done. */
  async endWriting(workplace: string): Promise<void> {
    await this.#write(() => remove(workplace));
  }

  /** Removes the log. It is renamed first, so that a log half removed is never taken for a log. */
  async wipe(): Promise<void> {
    const wiped = `${this.path}.wiped`;
    await this.#write(async () => {
      await remove(wiped);
      if (!(await exists(this.path))) return;
      await rename(this.path, wiped);
      await syncFolder(dirname(this.path));
      await remove(wiped);
    });
  }

  async #write<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (errno(error) === 'ENOENT') throw fenced(this.path, error);
      throw new EventlakeError(
        'log:write_failed',
        `Cannot write to the log in ${this.path}: ${messageOf(error)}.`,
        {
          hint: 'Check the free space, the permissions, and that the file system has hard links; then run the command again.',
          cause: error,
        },
      );
    }
  }
}

/** The error of a writer that must stop. */
export function fenced(path: string, cause?: unknown): EventlakeError {
  return new EventlakeError(
    'log:fenced',
    `Another writer has taken over the log in ${path}, or the log was wiped; this one stopped.`,
    {
      hint: 'Let the other ingestion finish, then run this one again: what was committed is kept and not repeated.',
      cause,
    },
  );
}

function digits(number: number): string {
  return String(number).padStart(20, '0');
}

async function writeDurably(path: string, buffers: readonly Buffer[]): Promise<void> {
  await withFile(path, 'wx', async (file) => {
    const { bytesWritten } = await file.writev(buffers);
    const bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (bytesWritten !== bytes) throw new Error(`only ${bytesWritten} of ${bytes} bytes were written`);
    await file.sync();
  });
}

async function syncFolder(path: string): Promise<void> {
  await withFile(path, 'r', (folder) => folder.sync());
}

async function withFile<T>(path: string, flags: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

async function isAbandoned(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  return info !== null && info.mtimeMs < Date.now() - ABANDONED_AFTER_MS;
}

function unreadable(path: string, cause: unknown): EventlakeError {
  return new EventlakeError('log:unreadable', `Cannot read the log at ${path}: ${messageOf(cause)}.`, {
    hint: 'Check that the path is right and that you may read it.',
    cause,
  });
}

function errno(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function messageOf(error: unknown): string {
  return (error as Error).message;
}
