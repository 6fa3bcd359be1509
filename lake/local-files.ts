import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataFile } from '../core/data-files.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import { fileDigest } from './digest.ts';
import { checkColumns } from './schema.ts';
import { expectedDigest, type Snapshot } from './snapshot.ts';
import type { DeltaTable } from './table.ts';

const FILES_AT_ONCE = 4;
/**
 * A copy that the newest snapshot no longer names is kept this long after it was last asked for: a query may
 * still be reading it.
 */
const IDLE_MS = 10 * 60_000;
/** What a crash left half downloaded is removed after this time. */
const ABANDONED_MS = 86_400_000;

/** Where a table is. */
type Place = Pick<DeltaTable, 'path' | 'store'>;

/**
 * A table's data files as files of the local disk, for SQL engines that read only those: the store's own
 * files where it is a disk, else copies. Data files never change, so a copy is good for as long as it is
 * there. Several processes may share the folder. No file is given out that differs from the digest in its
 * commit: a Parquet reader takes flipped bits for values.
 */
export class LocalFiles {
  readonly #folder: string;
  /** The files last given out of each table, by its path: they were found undamaged. */
  readonly #checked = new Map<string, ReadonlySet<string>>();

  /** `folder` is for the copies; it is made when it is needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Local paths of the snapshot's data files, in the snapshot's order. Each is checked when it is first given
   * out. `object:missing` when the table has cleaned one up, as happens to old versions; `lake:corrupt` when
   * one is damaged. Copies that neither this snapshot nor anyone of late has asked for are removed.
   */
  async paths(table: Place, { files }: Pick<Snapshot, 'files'>): Promise<string[]> {
    const folder = join(this.#folder, hash(table.path));
    const paths: string[] = new Array(files.length);
    const waiting = files.entries();
    const checked = this.#checked.get(table.path) ?? new Set();
    const fetch = async () => {
      for (const [i, file] of waiting) paths[i] = await localFile(table, file, folder, checked);
    };
    await Promise.all(Array.from({ length: Math.min(FILES_AT_ONCE, files.length) }, fetch));
    this.#checked.set(table.path, new Set(paths));
    await evict(folder, new Set(paths));
    return paths;
  }

  /**
   * Each file is checked again when it is next given out: called before something is computed that is kept.
   */
  recheck(): void {
    this.#checked.clear();
  }
}

/**
 * A table as it is now, with the local paths of its data files; none where there is no table.
 * `lake:schema_mismatch` when it lacks one of `columns`.
 */
export async function newestFiles(
  table: DeltaTable,
  files: LocalFiles,
  columns: readonly string[] = [],
): Promise<{ snapshot: Snapshot | null; paths: string[] }> {
  const snapshot = await table.snapshot();
  if (snapshot === null) return { snapshot, paths: [] };
  checkColumns(table.path, snapshot.fields, columns);
  return { snapshot, paths: await files.paths(table, snapshot) };
}

async function localFile(
  table: Place,
  file: DataFile,
  folder: string,
  checked: ReadonlySet<string>,
): Promise<string> {
  const key = `${table.path}/${file.path}`;
  const own = table.store.pathOf(key);
  if (own !== null) {
    if ((await sizeOf(own)) !== file.bytes) throw incomplete(table, file, 'object:missing');
    if (!checked.has(own)) await checkDigest(table, file, own);
    return own;
  }
  const copy = join(folder, `${hash(key)}.parquet`);
  if ((await sizeOf(copy)) === file.bytes && (checked.has(copy) || (await isUndamaged(table, file, copy)))) {
    const now = new Date();
    await utimes(copy, now, now);
    return copy;
  }
  await mkdir(folder, { recursive: true });
  const part = join(folder, `${randomUUID()}.part`);
  try {
    await table.store.getFile(key, part);
    if ((await sizeOf(part)) !== file.bytes) throw incomplete(table, file, 'lake:corrupt');
    await checkDigest(table, file, part);
    await rename(part, copy);
  } finally {
    await rm(part, { force: true });
  }
  return copy;
}

/**
 * `lake:corrupt` when the file at `path` is not as it was written. A file without a digest is taken as it is.
 */
async function checkDigest(table: Place, file: DataFile, path: string): Promise<void> {
  const expected = expectedDigest(file);
  if (expected === null) return;
  const found = await fileDigest(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw incomplete(table, file, 'object:missing');
    const retriable = cause.code === 'EMFILE' || cause.code === 'ENFILE';
    throw new EventlakeError('object:failed', `cannot read ${path}: ${cause.message}`, { retriable, cause });
  });
  if (found !== expected) throw altered(table, file, expected, found);
}

/** Whether a copy can be used; otherwise it is downloaded again. */
async function isUndamaged(table: Place, file: DataFile, copy: string): Promise<boolean> {
  try {
    await checkDigest(table, file, copy);
    return true;
  } catch (error) {
    if (hasCode(error, 'lake:corrupt') || hasCode(error, 'object:missing')) return false;
    throw error;
  }
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

function incomplete(
  table: Place,
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

function altered(table: Place, { path }: DataFile, expected: string, found: string): EventlakeError {
  return new EventlakeError(
    'lake:corrupt',
    `table ${table.path}: ${path} is damaged: its CRC-32 was ${expected} when it was written and is ${found}`,
    {
      hint: `Restore ${table.path}/${path} in ${table.store.description} from a copy, or reset the dataset and run again. Check the disk.`,
    },
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}
