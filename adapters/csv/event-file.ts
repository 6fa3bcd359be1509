/**
 * A CSV file that only grows, and beside it `<file>.position.json`, which says how far it is valid and to
 * where in the log that is.
 *
 * Rows are appended and fsynced before the sidecar is replaced, so that what is beyond its `bytes` was never
 * acknowledged: it is cut off when the file is opened. A sidecar with `bytes` 0 says that a new file is being
 * begun, whose predecessor may still have to be moved away. `<file>.lock` is locked while the file is open,
 * so that two exports never write at the same time.
 */
import { createReadStream } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EventlakeError } from '../../core/errors.ts';
import type { EventFile, ExportPosition } from '../../core/event-file.ts';
import { type FileLock, takeLock } from './file-lock.ts';
import { parsePosition, positionText } from './position.ts';

/** When the file is followed by a new one, and how many of the old ones are kept. */
export interface Rotation {
  readonly bytes: number;
  readonly keep: number;
}

/** The file at `path` with a header of these columns. */
export class CsvEventFile implements EventFile {
  readonly description: string;
  readonly #path: string;
  readonly #header: Buffer;
  readonly #rotation: Rotation | null;
  #lock: FileLock | null = null;
  #file: FileHandle | null = null;
  #bytes = 0;
  /** The sidecar as it was last read or written here. */
  #sidecar: string | null = null;

  constructor(path: string, columns: readonly string[], rotation: Rotation | null = null) {
    this.description = `csv ${path}`;
    this.#path = path;
    this.#header = Buffer.from(`${columns.join(',')}\n`);
    this.#rotation = rotation;
  }

  async open(logId: string): Promise<ExportPosition> {
    await this.close();
    await this.#writing(() => mkdir(dirname(this.#path), { recursive: true }));
    await this.#takeLock();
    this.#sidecar = await textOf(this.#positionPath);
    if (this.#sidecar === null) {
      if ((await sizeOf(this.#path)) !== null) throw this.#foreign();
      const nothing: ExportPosition = { log: logId, next: new Map(), rows: 0, rejected: 0 };
      await this.#begin(nothing);
      return nothing;
    }
    const { bytes, position } = parsePosition(this.#sidecar, this.#positionPath);
    if (bytes === 0) await this.#begin(position);
    else await this.#resume(bytes);
    return position;
  }

  async append(rows: string | null, position: ExportPosition): Promise<void> {
    await this.#requireOwn();
    if (this.#rotation && rows !== null && this.#bytes >= this.#rotation.bytes)
      await this.#begin(parsePosition(this.#sidecar ?? '', this.#positionPath).position);
    const file = this.#opened();
    await this.#writing(async () => {
      let end = this.#bytes;
      if (rows !== null) {
        for await (const part of createReadStream(rows)) end += await writeWhole(file, part, end);
        await file.sync();
      }
      this.#bytes = end;
      await this.#replaceSidecar(end, position);
    });
  }

  async exists(): Promise<boolean> {
    return (await textOf(this.#positionPath)) !== null;
  }

  async wipe(): Promise<void> {
    if (!(await this.exists())) return;
    await this.close();
    await this.#takeLock();
    await this.#writing(async () => {
      const folder = dirname(this.#path);
      const name = basename(this.#path);
      for (const found of await readdir(folder)) {
        const isOwn = found.startsWith(name) && /^(\.\d+)?$/.test(found.slice(name.length));
        if (isOwn) await rm(join(folder, found));
      }
      // The last: while it is there, the rest can be deleted by another try.
      await rm(this.#positionPath);
    });
    await this.close();
  }

  async close(): Promise<void> {
    await this.#closeFile();
    this.#lock?.release();
    this.#lock = null;
  }

  get #positionPath(): string {
    return `${this.#path}.position.json`;
  }

  #opened(): FileHandle {
    if (this.#file) return this.#file;
    throw new EventlakeError('csv:write_failed', `${this.#path} is not open`);
  }

  async #takeLock(): Promise<void> {
    const path = `${this.#path}.lock`;
    this.#lock = await this.#writing(async () => {
      // Where SQLite cannot make the file, its error does not say why.
      if ((await sizeOf(path)) === null) await writeFile(path, '', { flag: 'a' });
      return takeLock(path);
    });
    if (this.#lock) return;
    throw new EventlakeError('csv:in_use', `${this.#path} is being written by another export`, {
      hint: 'Only one export may write a file. Stop the other one, or name another file with --csv.',
    });
  }

  async #closeFile(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  /** Takes up a file that is there: what was appended and not acknowledged goes. */
  async #resume(bytes: number): Promise<void> {
    const size = (await sizeOf(this.#path)) ?? 0;
    if (size < bytes) throw this.#damaged(`it has ${size} bytes, and should have ${bytes}`);
    const file = await this.#writing(() => open(this.#path, 'r+'));
    this.#file = file;
    const beginning = Buffer.alloc(this.#header.length);
    await file.read(beginning, 0, beginning.length, 0);
    if (!beginning.equals(this.#header)) throw this.#otherColumns();
    await this.#writing(async () => {
      await file.truncate(bytes);
      await file.sync();
    });
    this.#bytes = bytes;
  }

  /**
   * Begins a new file; one with rows that is there is moved away first. Every step may be repeated after a
   * kill: `bytes` 0 is written before the first of them, and a file that is no longer than a header has no
   * rows.
   */
  async #begin(position: ExportPosition): Promise<void> {
    await this.#writing(async () => {
      await this.#replaceSidecar(0, position);
      if (((await sizeOf(this.#path)) ?? 0) > this.#header.length) await this.#moveAway();
      await this.#closeFile();
      const file = await open(this.#path, 'w+');
      this.#file = file;
      await writeWhole(file, this.#header, 0);
      await file.sync();
      this.#bytes = this.#header.length;
      await this.#replaceSidecar(this.#bytes, position);
    });
  }

  /**
   * `<file>` becomes `<file>.1`, what was `.1` becomes `.2`, and so on; the oldest beyond the number that is
   * kept is replaced.
   */
  async #moveAway(): Promise<void> {
    const keep = this.#rotation?.keep ?? Number.POSITIVE_INFINITY;
    let free = 1;
    while (free < keep && (await sizeOf(`${this.#path}.${free}`)) !== null) free += 1;
    for (let i = free; i > 1; i--) await rename(`${this.#path}.${i - 1}`, `${this.#path}.${i}`);
    await rename(this.#path, `${this.#path}.1`);
    await syncFolder(dirname(this.#path));
  }

  async #replaceSidecar(bytes: number, position: ExportPosition): Promise<void> {
    const text = positionText(bytes, position);
    const temporary = `${this.#positionPath}.tmp`;
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#positionPath);
    await syncFolder(dirname(this.#path));
    this.#sidecar = text;
  }

  /** A person, or another program, may have written the file since. */
  async #requireOwn(): Promise<void> {
    const file = this.#opened();
    const [own, there] = await Promise.all([file.stat(), stat(this.#path).catch(() => null)]);
    const isSame = there?.ino === own.ino && own.size === this.#bytes;
    if (isSame && (await textOf(this.#positionPath)) === this.#sidecar) return;
    throw new EventlakeError('csv:superseded', `${this.#path} was written by somebody else meanwhile`, {
      hint: `Restore it, or delete it with ${basename(this.#positionPath)}: everything that the log has is then exported again.`,
    });
  }

  /** An error of the disk; a full one may have room later. */
  async #writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof EventlakeError) throw cause;
      const { code = '', message } = cause as NodeJS.ErrnoException;
      const isFull = ['ENOSPC', 'EDQUOT'].includes(code);
      throw new EventlakeError('csv:write_failed', `${this.#path} cannot be written: ${message}`, {
        hint: isFull
          ? 'Free some space; nothing is lost, and the export resumes where it was.'
          : 'Check the folder and its permissions, then run the same command again.',
        retriable: isFull,
        cause,
      });
    }
  }

  #foreign(): EventlakeError {
    return new EventlakeError(
      'csv:no_position',
      `${this.#path} exists, but ${basename(this.#positionPath)} does not: it is not known how far it goes`,
      { hint: 'Move the file away, or name another one with --csv.' },
    );
  }

  #damaged(what: string): EventlakeError {
    return new EventlakeError('csv:damaged', `${this.#path} was shortened or removed: ${what}`, {
      hint: `Restore it, or delete it with ${basename(this.#positionPath)}: everything that the log has is then exported again.`,
    });
  }

  #otherColumns(): EventlakeError {
    return new EventlakeError('csv:other_columns', `${this.#path} has another header than the dataset`, {
      hint: `Was a column added? Move the file and ${basename(this.#positionPath)} away: everything that the log has is then exported again.`,
    });
  }
}

/** Writes all of it at this place; answers how many bytes that were. */
async function writeWhole(file: FileHandle, bytes: Buffer, at: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
  return done;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

async function sizeOf(path: string): Promise<number | null> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return info?.size ?? null;
}
