import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ObjectInfo, ObjectStore } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { checkKey } from '../object-key.ts';

/** Unfinished writes live here, on the same device as the objects, and are no objects. */
const UNFINISHED = '.unfinished';
const DAY_MS = 86_400_000;

/**
 * An object store in a folder of a local disk: an object is a file, its key the path below the folder. A
 * write is finished and on disk (fsync) before it gets its name, and the name is on disk before the call
 * resolves. Needs a file system with hard links for {@link ObjectStore.putIfAbsent}. A key cannot also be the
 * folder of another key.
 */
export class FileObjectStore implements ObjectStore {
  readonly description: string;
  readonly #root: string;
  #swept: Promise<void> | undefined;
  /** Folders that this process has seen safely on disk. */
  readonly #kept = new Set<string>();

  constructor(root: string) {
    this.#root = resolve(root);
    this.description = this.#root;
  }

  pathOf(key: string): string {
    checkKey(key);
    if (key.split('/')[0] === UNFINISHED) {
      throw new EventlakeError(
        'object:bad_key',
        `'${key}' cannot name an object: ${UNFINISHED} is not for objects`,
      );
    }
    return join(this.#root, key);
  }

  async putFile(key: string, path: string): Promise<void> {
    const target = this.pathOf(key);
    await this.#explained('write', target, async () => {
      await sync(path);
      await this.#keepFolder(dirname(target));
      try {
        await rename(path, target);
      } catch (error) {
        if (codeOf(error) !== 'EXDEV') throw error;
        const copy = await this.#unfinishedPath();
        try {
          await copyFile(path, copy);
          await sync(copy);
          await rename(copy, target);
        } finally {
          await rm(copy, { force: true });
        }
      }
      await sync(dirname(target));
    });
  }

  async put(key: string, body: Buffer): Promise<void> {
    const target = this.pathOf(key);
    await this.#explained('write', target, () => this.#write(target, body, rename));
  }

  async putIfAbsent(key: string, body: Buffer): Promise<boolean> {
    const target = this.pathOf(key);
    let stored = true;
    await this.#explained('write', target, () =>
      this.#write(target, body, async (from, to) => {
        try {
          await link(from, to);
        } catch (error) {
          if (codeOf(error) !== 'EEXIST') throw error;
          stored = false;
        }
      }),
    );
    return stored;
  }

  async get(key: string): Promise<Buffer> {
    const path = this.pathOf(key);
    return this.#explained('read', path, () => readFile(path));
  }

  async getFile(key: string, path: string): Promise<void> {
    const source = this.pathOf(key);
    await this.#explained('read', source, async () => {
      await stat(source);
      await copyFile(source, path, constants.COPYFILE_FICLONE);
    });
  }

  async *list(prefix: string, after?: string): AsyncIterable<ObjectInfo> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') this.pathOf(folder.slice(0, -1));
    yield* this.#walk(folder, prefix, after);
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const path = this.pathOf(key);
      await this.#explained('delete', path, () => rm(path, { force: true }));
    }
  }

  async close(): Promise<void> {}

  /** Writes `body` aside, then has `name` give it its place in one step. */
  async #write(
    target: string,
    body: Buffer,
    name: (from: string, to: string) => Promise<void>,
  ): Promise<void> {
    const aside = await this.#unfinishedPath();
    try {
      const file = await open(aside, 'wx');
      try {
        await file.writeFile(body);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#keepFolder(dirname(target));
      await name(aside, target);
      await sync(dirname(target));
    } finally {
      await rm(aside, { force: true });
    }
  }

  async #unfinishedPath(): Promise<string> {
    const folder = join(this.#root, UNFINISHED);
    this.#swept ??= sweep(folder);
    await this.#swept;
    await this.#keepFolder(folder);
    return join(folder, randomUUID());
  }

  /**
   * Makes the folder and those above it, and has their names on disk. Also for a folder that exists: the
   * process that made it just now may not have come to that yet.
   */
  async #keepFolder(path: string): Promise<void> {
    const made = await mkdir(path, { recursive: true });
    if (made === undefined && this.#kept.has(path)) return;
    const top = made !== undefined && this.#root.startsWith(made) ? dirname(made) : this.#root;
    for (let folder = path; folder.length > top.length; ) {
      folder = dirname(folder);
      await sync(folder);
    }
    this.#kept.add(path);
  }

  async *#walk(folder: string, prefix: string, after: string | undefined): AsyncIterable<ObjectInfo> {
    const path = join(this.#root, folder);
    const names = await this.#explained('read', path, async () => {
      try {
        return await readdir(path, { withFileTypes: true });
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    });
    const found: { key: string; info: ObjectInfo | null }[] = [];
    for (const entry of names) {
      const { name } = entry;
      if (folder === '' && name === UNFINISHED) continue;
      if (entry.isFile() && !isWanted(`${folder}${name}`, prefix, after)) continue;
      const info = await this.#explained('read', join(path, name), () => statIfPresent(join(path, name)));
      if (info?.isDirectory()) found.push({ key: `${folder}${name}/`, info: null });
      else if (info?.isFile()) {
        const key = `${folder}${name}`;
        found.push({ key, info: { key, bytes: info.size, modified: info.mtime } });
      }
    }
    // A folder sorts with its slash: 'a-b' < 'a/b', so that the whole walk ascends.
    found.sort((a, b) => compareBytes(a.key, b.key));
    for (const { key, info } of found) {
      if (info !== null) {
        if (isWanted(key, prefix, after)) yield info;
        continue;
      }
      const allBefore = after !== undefined && !after.startsWith(key) && compareBytes(key, after) < 0;
      if (key.startsWith(prefix) && !allBefore) yield* this.#walk(key, prefix, after);
    }
  }

  async #explained<T>(verb: string, path: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw explain(error, verb, path);
    }
  }
}

function explain(error: unknown, verb: string, path: string): unknown {
  const what = `cannot ${verb} ${path}`;
  if (verb === 'read' && isAbsent(error)) {
    return new EventlakeError('object:missing', `${what}: there is no such file`, { cause: error });
  }
  switch (codeOf(error)) {
    case undefined:
      return error;
    case 'EACCES':
    case 'EROFS':
      return new EventlakeError('object:forbidden', `${what}: the file system does not allow it`, {
        hint: 'Check who owns the folder and its permissions.',
        cause: error,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new EventlakeError('object:full', `${what}: the disk is full`, {
        hint: 'Free some space and run the command again; it continues where it stopped.',
        cause: error,
      });
    case 'EMFILE':
    case 'ENFILE':
      return new EventlakeError('object:failed', `${what}: too many files are open`, {
        hint: 'Allow the process more of them (ulimit -n), then run the command again.',
        retriable: true,
        cause: error,
      });
    case 'EPERM':
    case 'ENOTSUP':
      return new EventlakeError(
        'object:unsupported',
        `${what}: the file system refuses to link or rename there`,
        {
          hint: 'Choose a folder on a local disk whose file system has hard links (ext4, xfs, apfs, ntfs).',
          cause: error,
        },
      );
    default:
      return new EventlakeError('object:failed', `${what}: ${(error as Error).message}`, { cause: error });
  }
}

function codeOf(error: unknown): string | undefined {
  const code = (error as Partial<NodeJS.ErrnoException> | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

function isWanted(key: string, prefix: string, after: string | undefined): boolean {
  return key.startsWith(prefix) && (after === undefined || compareBytes(key, after) > 0);
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function statIfPresent(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/**
 * Flushes a file, or a folder's names, to disk. Windows cannot open folders; its names are journaled by the
 * file system.
 */
async function sync(path: string): Promise<void> {
  const isFolder = (await stat(path)).isDirectory();
  if (isFolder && process.platform === 'win32') return;
  const handle = await open(path, isFolder ? 'r' : 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Removes what a crash left unfinished more than a day ago; younger files may be another process's writes in
 * progress.
 */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const info = await statIfPresent(path);
    if (info !== null && info.mtimeMs < Date.now() - DAY_MS) await rm(path, { force: true });
  }
}
