import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/** A lock on a file of its own, which one holder has at a time. */
export interface FileLock {
  release(): void;
}

/**
 * Takes the lock of the file at `path`, which is made where it is missing; null while somebody else has it,
 * in this process or another one.
 *
 * It is SQLite's exclusive lock, because the operating system releases that when its holder dies, however it
 * dies: no lock is ever left behind. The file itself stays: deleting it could let a second holder in.
 */
export function takeLock(path: string): FileLock | null {
  const database = new DatabaseSync(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
}
