import type { Cursor } from './cursor.ts';
import { fileOf, type OpenFile } from './live-files.ts';
import { nextLine } from './live-rows.ts';

/** Where reading begins in a file; 0 is its first row. */
export interface Place {
  readonly file: OpenFile;
  readonly offset: number;
}

/**
 * What is to be read after a cursor, oldest first: the rest of its file, and all later files. Null where the
 * cursor is in no file any more: it was deleted, cut back or written again.
 */
export async function placesAfter(files: readonly OpenFile[], cursor: Cursor): Promise<Place[] | null> {
  const found = await fileOf(files, cursor);
  if (found < 0) return null;
  return allOf(files.slice(0, found + 1)).map((place, i) =>
    i === 0 ? { ...place, offset: cursor.offset } : place,
  );
}

/** Every file from its first row, oldest first. */
export function allOf(files: readonly OpenFile[]): Place[] {
  return files.map((file) => ({ file, offset: 0 })).reverse();
}

/** The last `bytes` bytes of the files, from the beginning of a line. */
export async function lastOf(files: readonly OpenFile[], bytes: number): Promise<Place[]> {
  const places: Place[] = [];
  let left = bytes;
  for (const file of files) {
    if (left <= 0) break;
    const offset = file.valid > left ? await nextLine(file, file.valid - left) : 0;
    places.unshift({ file, offset });
    left -= file.valid;
  }
  return places;
}

/** How many bytes there are to be read. */
export function bytesOf(places: readonly Place[]): number {
  return places.reduce((sum, { file, offset }) => sum + file.valid - offset, 0);
}
