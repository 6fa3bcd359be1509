import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../core/contracts.ts';
import { checkUnique, corrupt, parseAction } from './actions.ts';
import { DIGEST_TAG, NO_DIGEST, readSeal, seal } from './digest.ts';
import { formatJson } from './json.ts';
import { type Commit, checkpointKey, lastCheckpointKey } from './log.ts';
import { actionsOf, type Snapshot } from './snapshot.ts';

/**
 * How long a removed file is remembered, and kept for readers of older versions; the default of other Delta
 * writers.
 */
export const TOMBSTONE_MS = 7 * 86_400_000;

/**
 * Checkpoints as files: Parquet with the columns of the protocol's "Checkpoint Schema" (V1), of which lake/
 * knows nothing.
 */
export interface CheckpointFormat {
  /** Writes actions, each as JSON text, to a Parquet file with these entries in its metadata. */
  write(actions: readonly string[], to: string, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** The actions of a Parquet file, each as JSON text. */
  read(path: string): Promise<string[]>;
}

/**
 * Writes and reads checkpoints: a table's whole state in one Parquet file, so that readers need not go
 * through every commit. They are only a short cut; the log's commits are never deleted.
 */
export class Checkpoints {
  readonly #format: CheckpointFormat;
  readonly #scratch: string;

  /** `scratch` is a folder for files of the moment; it is made when it is missing. */
  constructor(format: CheckpointFormat, scratch: string) {
    this.#format = format;
    this.#scratch = scratch;
  }

  /** Stores the checkpoint of `snapshot`, then points `_last_checkpoint` at it. */
  async write(store: ObjectStore, table: string, snapshot: Snapshot): Promise<void> {
    const actions = actionsOf(snapshot, Date.now() - TOMBSTONE_MS);
    await this.#withFile(async (parquet) => {
      await this.#format.write(actions.map(formatJson), parquet, { [DIGEST_TAG]: NO_DIGEST });
      const body = await readFile(parquet);
      const at = digestAt(body);
      if (at !== null) seal(body, at);
      await writeFile(parquet, body);
      await store.putFile(checkpointKey(table, snapshot.version), parquet);
      const hint = {
        version: snapshot.version,
        size: actions.length,
        sizeInBytes: body.length,
        numOfAddFiles: snapshot.files.length,
      };
      await store.put(lastCheckpointKey(table), Buffer.from(formatJson(hint)));
    });
  }

  /**
   * The actions of the checkpoint of `version`, as if they were one commit. Checkpoints of other Delta
   * writers are read too. `lake:corrupt` when it is damaged, `object:missing` when there is none.
   */
  async read(store: ObjectStore, table: string, version: bigint): Promise<Commit> {
    const key = checkpointKey(table, version);
    const body = await store.get(key);
    checkDigest(body, key);
    return this.#withFile(async (copy) => {
      await writeFile(copy, body);
      const rows = await this.#format.read(copy).catch((cause: Error) => {
        throw corrupt(key, `not a checkpoint: ${cause.message}`, cause);
      });
      const actions = rows.map((action, i) => parseAction(action, `${key}, row ${i + 1}`));
      checkUnique(actions, key);
      return { version, actions };
    });
  }

  async #withFile<T>(action: (parquet: string) => Promise<T>): Promise<T> {
    await mkdir(this.#scratch, { recursive: true });
    const parquet = join(this.#scratch, `checkpoint-${randomUUID()}.parquet`);
    try {
      return await action(parquet);
    } finally {
      await rm(parquet, { force: true });
    }
  }
}

/**
 * Checks a checkpoint against the digest in its metadata, before anything is read from it: a Parquet reader
 * takes most damage for data. Those of other programs and older versions have none.
 */
function checkDigest(body: Buffer, key: string): void {
  const at = digestAt(body);
  if (at === null) return;
  const { expected, found } = readSeal(body, at);
  if (found !== expected) throw corrupt(key, `damaged: its CRC-32 was ${expected} and is ${found}`);
}

/**
 * Where the digest's digits are. A Parquet file ends in its metadata, in Thrift's compact protocol: an entry
 * of it is two fields (0x18), key and value, each the length in bytes and then UTF-8.
 */
function digestAt(body: Buffer): number | null {
  const entry = Buffer.from(
    `\x18${String.fromCharCode(DIGEST_TAG.length)}${DIGEST_TAG}\x18${String.fromCharCode(NO_DIGEST.length)}`,
  );
  const at = body.lastIndexOf(entry);
  return at < 0 ? null : at + entry.length;
}
