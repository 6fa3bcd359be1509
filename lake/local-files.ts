import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { EventlakeError } from '../core/errors.ts';
import type { DataFile, Snapshot } from './snapshot.ts';
import type { DeltaTable } from './table.ts';

const DOWNLOADS_AT_ONCE = 4;
/** A copy that the newest snapshot no longer names is kept this long after it was last asked for: a query may still be reading it. */
const IDLE_MS = 10 * 60_000;
/** What a crash left half downloaded is removed after this time. */
const ABANDONED_MS = 86_400_000;

/**
 * A table's data files as files of the local disk, for SQL engines that read only those: the store's own files where it is a disk, else
 * copies. Data files never change, so a copy is good for as long as it is there. Several processes may share the folder.
 */
export class LocalFiles {
  readonly #folder: string;

  /** `folder` is for the copies; it is made when it is needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Local paths of the snapshot's data files, in the snapshot's order. `object:missing` when the table has cleaned one up, as happens to old
   * versions. Copies that neither this snapshot nor anyone of late has asked for are removed.
   */
  async paths(table: DeltaTable, snapshot: Snapshot): Promise<string[]> {
    const folder = join(this.#folder, hash(table.path));
    const paths: string[] = new Array(snapshot.files.length);
    const waiting = snapshot.files.entries();
    const fetch = async () => {
      for (const [i, file] of waiting) paths[i] = await localFile(table, file, folder);
    };
    await Promise.all(Array.from({ length: Math.min(DOWNLOADS_AT_ONCE, snapshot.files.length) }, fetch));
    await evict(folder, new Set(paths));
    return paths;
  }
}

/** A table as it is now, with the local paths of its data files; none where there is no table. */
export async function newestFiles(
  table: DeltaTable,
  files: LocalFiles,
): Promise<{ snapshot: Snapshot | null; paths: string[] }> {
  const snapshot = await table.snapshot();
  return { snapshot, paths: snapshot ? await files.paths(table, snapshot) : [] };
}

async function localFile(table: DeltaTable, file: DataFile, folder: string): Promise<string> {
  const key = `${table.path}/${file.path}`;
  const own = table.store.pathOf(key);
  if (own !== null) {
    if ((await sizeOf(own)) === file.bytes) return own;
    throw damaged(table, file, 'object:missing');
  }
  const copy = join(folder, `${hash(key)}.parquet`);
  if ((await sizeOf(copy)) === file.bytes) {
    const now = new Date();
    await utimes(copy, now, now);
    return copy;
  }
  await mkdir(folder, { recursive: true });
  const part = join(folder, `${randomUUID()}.part`);
  try {
    await table.store.getFile(key, part);
    if ((await sizeOf(part)) !== file.bytes) throw damaged(table, file, 'lake:corrupt');
    await rename(part, copy);
  } finally {
    await rm(part, { force: true });
  }
  return copy;
}

async function evict(folder: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (wanted.has(path)) continue;
    const used = (await stat(path).catch(() => null))?.mtimeMs ?? 0;
    const allowed = name.endsWith('.part') ? ABANDONED_MS : IDLE_MS;
    if (used < Date.now() - allowed) await rm(path, { force: true });
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.size ?? null;
}

function damaged(
  table: DeltaTable,
  { path, bytes }: DataFile,
  code: 'lake:corrupt' | 'object:missing',
): EventlakeError {
  return new EventlakeError(
    code,
    `table ${table.path}: ${path} is missing or does not have the ${bytes} bytes that the log says`,
    {
      hint: 'An old version may have been cleaned up; otherwise restore the file from a copy, or reset the dataset and run again.',
    },
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
