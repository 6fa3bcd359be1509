import { type FileHandle, open as openFile, readFile, stat } from 'node:fs/promises';
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
 * What the export says of the file beside it, in `<file>.position.json`: how many of its bytes are valid, and
 * by partition (`events/0`) the offset of the log that comes after its rows.
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
const MOST_FILES = 1000;

/**
 * Opens the file at `path` and those that it was rotated to, and closes them when `use` has ended. None are
 * there before the first export.
 */
export async function withLiveFiles<T>(path: string, use: (open: OpenFiles) => Promise<T>): Promise<T> {
  for (;;) {
    const handles: FileHandle[] = [];
    try {
      const open = await openFiles(path, handles);
      // Rotated while its position was read, which then may be that of the file after it.
      const now = await unlessMissing(stat(path));
      const isSame = now === null || String(now.ino) === open.files[0]?.inode;
      if (isSame) return await use(open);
    } finally {
      await Promise.all(handles.map((handle) => handle.close()));
    }
  }
}

async function openFiles(path: string, handles: FileHandle[]): Promise<OpenFiles> {
  const files: OpenFile[] = [];
  const open = async (name: string) => {
    const handle = await unlessMissing(openFile(name, 'r'));
    if (!handle) return null;
    handles.push(handle);
    const { ino, size } = await handle.stat();
    return { handle, inode: String(ino), size };
  };
  const newest = await open(path);
  const sidecar = `${path}.position.json`;
  const position = newest && (await readPosition(sidecar));
  const written = await unlessMissing(stat(sidecar));
  if (newest) {
    // Without a position nothing is known to be valid. It says 0 bytes while the file is being rotated: all
    // of it stays.
    const { handle, inode, size } = newest;
    const valid = position === null ? 0 : position.bytes === 0 ? size : Math.min(size, position.bytes);
    files.push({ handle, inode, valid });
  }
  // While files are renamed, one number may be missing.
  for (let number = 1, missing = 0; number < MOST_FILES && missing < 2; number++) {
    const older = await open(`${path}.${number}`);
    missing = older ? 0 : missing + 1;
    // Renamed since the last one was opened: the same file again.
    if (older && !files.some(({ inode }) => inode === older.inode))
      files.push({ handle: older.handle, inode: older.inode, valid: older.size });
  }
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
