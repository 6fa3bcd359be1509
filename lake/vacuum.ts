import { TOMBSTONE_MS } from './checkpoint.ts';
import type { DeltaTable } from './table.ts';

/** What was removed. */
export interface Removed {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Deletes data files that no commit names and that were written before `olderThan` (a run was killed between
 * upload and commit; younger ones may be about to be committed: writers give up after half a day), and files
 * that a commit has removed more than 7 days ago (until then, readers of older versions may need them).
 */
export async function removeOrphans(table: DeltaTable, olderThan: Date): Promise<Removed> {
  const folder = `${table.path}/`;
  const stored: { path: string; bytes: number; modified: Date }[] = [];
  for await (const { key, bytes, modified } of table.store.list(folder)) {
    const path = key.slice(folder.length);
    if (isDataFile(path) || isRestOfBatch(path)) stored.push({ path, bytes, modified });
  }
  if (stored.length === 0) return { files: 0, bytes: 0 };
  // Read after listing: a file that was committed in between is known.
  const snapshot = await table.snapshot();
  const named = new Set(snapshot?.files.map(({ path }) => path));
  const removedAt = new Map(snapshot?.tombstones.map(({ path, removed }) => [path, removed]));
  const unused = stored.filter(({ path, modified }) => {
    if (named.has(path)) return false;
    const removed = removedAt.get(path);
    return removed === undefined ? modified < olderThan : removed < Date.now() - TOMBSTONE_MS;
  });
  await table.store.delete(unused.map(({ path }) => folder + path));
  return { files: unused.length, bytes: unused.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/**
 * Names that begin with `_` or `.` are not data; a partition column may begin with `_`, as in
 * `_month=2020-10/`.
 */
function isDataFile(path: string): boolean {
  return (
    path
      .split('/')
      // Some clients write an empty object to stand for a folder: its name ends in a slash.
      .every((part) => part !== '' && !part.startsWith('.') && (!part.startsWith('_') || part.includes('=')))
  );
}

/**
 * What is left of a batch besides its data files: the log of the one commit by which an engine wrote them,
 * and empty objects that stand for folders.
 */
function isRestOfBatch(path: string): boolean {
  return /^batch-[^/]+\/(_delta_log\/.*|.*\/)?$/.test(path);
}
