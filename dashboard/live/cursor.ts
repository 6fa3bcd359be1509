import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { UsageError } from '../../core/errors.ts';

/**
 * A place between two rows: the file's inode, an offset in bytes, and the CRC-32 of the bytes before it. The
 * CRC-32 tells a file that was written again, or that got the inode of a deleted one, from the file that was
 * read.
 */
export interface Cursor {
  readonly inode: string;
  readonly offset: number;
  readonly check: number;
}

/**
 * Bytes before a place that its CRC-32 covers: the end of a row, which has an offset of the log that no other
 * row has.
 */
const CHECKED_BYTES = 64;

/** The cursor of a place in an open file. */
export async function cursorAt(handle: FileHandle, inode: string, offset: number): Promise<Cursor> {
  const start = Math.max(0, offset - CHECKED_BYTES);
  const bytes = Buffer.alloc(offset - start);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
  return { inode, offset, check: crc32(bytes.subarray(0, bytesRead)) };
}

/** The cursor as the API hands it out. */
export function cursorText({ inode, offset, check }: Cursor): string {
  return `${inode}-${offset}-${check.toString(16)}`;
}

/** @throws UsageError `live:bad_cursor` */
export function parseCursor(text: string): Cursor {
  const [, inode = '', offset = '', check = ''] = /^(\d{1,20})-(\d{1,15})-([0-9a-f]{1,8})$/.exec(text) ?? [];
  if (inode === '') {
    throw new UsageError('live:bad_cursor', 'The cursor is none that this API has given', {
      hint: 'Send the value of next from an earlier answer, start for the first row, or no cursor for the newest rows.',
    });
  }
  return { inode, offset: Number(offset), check: Number.parseInt(check, 16) };
}
