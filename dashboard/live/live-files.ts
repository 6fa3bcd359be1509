import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { EventlakeError } from '../../core/errors.ts';
import { type Cursor, cursorAt } from './cursor.ts';

/** One of the files that hold the rows, open. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: string;
  /** So many bytes from its beginning are whole rows that stay. */
  readonly valid: number;
}

/**
 * What the export says of the file beside it, in `<file>.position.json`: how many of its bytes are valid, and by partition (`events/0`) the
 * offset of the log that comes after its rows.
 */
const filePosition = z.object({
  bytes: z.int().min(0),
  next: z.record(z.string(), z.string().regex(/^\d+$/)),
});
export type FilePosition = z.infer<typeof filePosition>;

/** The files at one moment. */
export interface OpenFiles {
  /** Newest first: `<file>`, `<file>.1`, and so on. */
  readonly files: readonly OpenFile[];
  readonly position: FilePosition | null;
  /** When the export last wrote its position, in milliseconds since the epoch. */
  readonly writtenAt: number | null;
}

/** More rotated files than these are not looked at. */
const MOST_FILES = 100;

/** Opens the file at `path` and those that it was rotated to, and closes them when `use` has ended. None are there before the first export. */
export async function withLiveFiles<T>(path: string, use: (open: OpenFiles) => Promise<T>): Promise<T> {
  const handles: FileHandle[] = [];
  try {
    return await use(await openFiles(path, handles));
  } finally {
    await Promise.all(handles.map((handle) => handle.close()));
  }
}

async function openFiles(path: string, handles: FileHandle[]): Promise<OpenFiles> {
  const files: OpenFile[] = [];
  const sidecar = `${path}.position.json`;
  let position: FilePosition | null = null;
  for (let number = 0; number < MOST_FILES; number++) {
    const handle = await unlessMissing(open(number === 0 ? path : `${path}.${number}`, 'r'));
    if (!handle) {
      if (number === 0) continue;
      break;
    }
    handles.push(handle);
    const { ino, size } = await handle.stat();
    const inode = String(ino);
    // Rotated since the last one was opened.
    if (files.some((file) => file.inode === inode)) continue;
    if (number > 0) files.push({ handle, inode, valid: size });
    else {
      // Read after the file was opened: it never says less than what is known of the file.
      position = await readPosition(sidecar);
      // More than there is: it is that of the file before, which was rotated a moment ago.
      const valid = position === null || position.bytes > size ? 0 : position.bytes;
      files.push({ handle, inode, valid });
    }
  }
  const written = await unlessMissing(stat(sidecar));
  return { files, position, writtenAt: written?.mtimeMs ?? null };
}

async function readPosition(file: string): Promise<FilePosition | null> {
  const text = await unlessMissing(readFile(file, 'utf8'));
  if (text === null) return null;
  try {
    return filePosition.parse(JSON.parse(text));
  } catch (cause) {
    throw new EventlakeError('live:bad_file', `${file} is not what the export writes`, {
      hint: 'Stop the export, delete this file and the CSV file beside it, and export again.',
      cause,
    });
  }
}

/** The file in which the cursor is, by its number among `files`; -1 where it is in none. */
export async function fileOf(files: readonly OpenFile[], cursor: Cursor): Promise<number> {
  const at = files.findIndex(({ inode, valid }) => inode === cursor.inode && cursor.offset <= valid);
  const file = files[at];
  if (!file) return -1;
  const { check } = await cursorAt(file.handle, file.inode, cursor.offset);
  return check === cursor.check ? at : -1;
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | null> {
  return promise.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
