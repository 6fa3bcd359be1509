import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore, SqlEngine } from '../core/contracts.ts';
import { checkUnique, corrupt, parseAction } from './actions.ts';
import { DIGEST_TAG, NO_DIGEST, readSeal, seal } from './digest.ts';
import { formatJson } from './json.ts';
import { type Commit, checkpointKey, lastCheckpointKey } from './log.ts';
import { actionsOf, type Snapshot } from './snapshot.ts';
import { exactly, literal } from './sql.ts';

/** How long a removed file is remembered, and kept for readers of older versions; the default of other Delta writers. */
export const TOMBSTONE_MS = 7 * 86_400_000;

/** The columns of a checkpoint, after the protocol's "Checkpoint Schema" (V1). */
const COLUMNS = {
  txn: 'STRUCT("appId" VARCHAR, "version" BIGINT, "lastUpdated" BIGINT)',
  add: `STRUCT("path" VARCHAR, "partitionValues" MAP(VARCHAR, VARCHAR), "size" BIGINT, "modificationTime" BIGINT,
    "dataChange" BOOLEAN, "stats" VARCHAR, "tags" MAP(VARCHAR, VARCHAR))`,
  remove: `STRUCT("path" VARCHAR, "deletionTimestamp" BIGINT, "dataChange" BOOLEAN, "extendedFileMetadata" BOOLEAN,
    "partitionValues" MAP(VARCHAR, VARCHAR), "size" BIGINT)`,
  metaData: `STRUCT("id" VARCHAR, "name" VARCHAR, "description" VARCHAR,
    "format" STRUCT("provider" VARCHAR, "options" MAP(VARCHAR, VARCHAR)), "schemaString" VARCHAR,
    "partitionColumns" VARCHAR[], "configuration" MAP(VARCHAR, VARCHAR), "createdTime" BIGINT)`,
  protocol: 'STRUCT("minReaderVersion" INTEGER, "minWriterVersion" INTEGER)',
} as const;

/**
 * Writes and reads checkpoints: a table's whole state in one Parquet file, so that readers need not go through every commit. They are
 * only a short cut; the log's commits are never deleted.
 */
export class Checkpoints {
  readonly #sql: SqlEngine;
  readonly #scratch: string;

  /** `scratch` is a folder for files of the moment; it is made when it is missing. */
  constructor(sql: SqlEngine, scratch: string) {
    this.#sql = sql;
    this.#scratch = scratch;
  }

  /** Stores the checkpoint of `snapshot`, then points `_last_checkpoint` at it. */
  async write(store: ObjectStore, table: string, snapshot: Snapshot): Promise<void> {
    const actions = actionsOf(snapshot, Date.now() - TOMBSTONE_MS);
    await this.#withFiles(async (json, parquet) => {
      await writeFile(json, actions.map(formatJson).join('\n'));
      const columns = Object.entries(COLUMNS).map(([name, type]) => `"${name}": ${literal(type)}`);
      await this.#sql.run(
        `COPY (FROM read_json(${literal(exactly(json))}, format = 'newline_delimited', columns = {${columns.join(', ')}}))
         TO ${literal(parquet)} (FORMAT parquet, COMPRESSION snappy, KV_METADATA {${literal(DIGEST_TAG)}: ${literal(NO_DIGEST)}})`,
      );
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
   * The actions of the checkpoint of `version`, as if they were one commit. Checkpoints of other Delta writers are read too.
   * `lake:corrupt` when it is damaged, `object:missing` when there is none.
   */
  async read(store: ObjectStore, table: string, version: bigint): Promise<Commit> {
    const key = checkpointKey(table, version);
    const body = await store.get(key);
    checkDigest(body, key);
    return this.#withFiles(async (_json, copy) => {
      await writeFile(copy, body);
      const rows = await this.#rows(copy).catch((cause: Error) => {
        throw corrupt(key, `not a checkpoint: ${cause.message}`, cause);
      });
      const actions = rows.map((action, i) => parseAction(action, `${key}, row ${i + 1}`));
      checkUnique(actions, key);
      return { version, actions };
    });
  }

  /** Each row as the JSON of its action. */
  async #rows(path: string): Promise<string[]> {
    const file = `read_parquet(${literal(exactly(path))})`;
    const present = new Set((await this.#sql.rows(`DESCRIBE FROM ${file}`)).map((row) => row.column_name));
    const parts = Object.keys(COLUMNS)
      .filter((name) => present.has(name))
      .map(
        (name) =>
          `SELECT to_json({'${name}': "${name}"})::VARCHAR AS action FROM ${file} WHERE "${name}" IS NOT NULL`,
      );
    if (parts.length === 0) return [];
    return (await this.#sql.rows(parts.join(' UNION ALL '))).map(({ action }) => String(action));
  }

  async #withFiles<T>(action: (json: string, parquet: string) => Promise<T>): Promise<T> {
    await mkdir(this.#scratch, { recursive: true });
    const name = join(this.#scratch, `checkpoint-${randomUUID()}`);
    try {
      return await action(`${name}.json`, `${name}.parquet`);
    } finally {
      await rm(`${name}.json`, { force: true });
      await rm(`${name}.parquet`, { force: true });
    }
  }
}

/**
 * Checks a checkpoint against the digest in its metadata, before anything is read from it: a Parquet reader takes most damage for data.
 * Those of other programs and older versions have none.
 */
function checkDigest(body: Buffer, key: string): void {
  const at = digestAt(body);
  if (at === null) return;
  const { expected, found } = readSeal(body, at);
  if (found !== expected) throw corrupt(key, `damaged: its CRC-32 was ${expected} and is ${found}`);
}

/**
 * Where the digest's digits are. A Parquet file ends in its metadata, in Thrift's compact protocol: an entry of it is two fields (0x18), key
 * and value, each the length in bytes and then UTF-8.
 */
function digestAt(body: Buffer): number | null {
  const entry = Buffer.from(
    `\x18${String.fromCharCode(DIGEST_TAG.length)}${DIGEST_TAG}\x18${String.fromCharCode(NO_DIGEST.length)}`,
  );
  const at = body.lastIndexOf(entry);
  return at < 0 ? null : at + entry.length;
}
