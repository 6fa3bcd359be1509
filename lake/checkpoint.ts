import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore, SqlEngine } from '../core/contracts.ts';
import { formatJson, parseJson } from './json.ts';
import { type Action, type Commit, checkpointKey, lastCheckpointKey } from './log.ts';
import { actionsOf, type Snapshot } from './snapshot.ts';
import { literal } from './sql.ts';

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
        `COPY (FROM read_json(${literal(json)}, format = 'newline_delimited', columns = {${columns.join(', ')}}))
         TO ${literal(parquet)} (FORMAT parquet, COMPRESSION snappy)`,
      );
      const { size: sizeInBytes } = await stat(parquet);
      await store.putFile(checkpointKey(table, snapshot.version), parquet);
      const hint = {
        version: snapshot.version,
        size: actions.length,
        sizeInBytes,
        numOfAddFiles: snapshot.files.length,
      };
      await store.put(lastCheckpointKey(table), Buffer.from(formatJson(hint)));
    });
  }

  /** The actions of the checkpoint of `version`, as if they were one commit. Checkpoints of other Delta writers are read too. */
  async read(store: ObjectStore, table: string, version: bigint): Promise<Commit> {
    const key = checkpointKey(table, version);
    return this.#withFiles(async (_json, copy) => {
      const local = store.pathOf(key);
      if (local === null) await store.getFile(key, copy);
      const file = `read_parquet(${literal(local ?? copy)})`;
      const present = new Set((await this.#sql.rows(`DESCRIBE FROM ${file}`)).map((row) => row.column_name));
      const parts = Object.keys(COLUMNS)
        .filter((name) => present.has(name))
        .map(
          (name) =>
            `SELECT to_json({'${name}': "${name}"})::VARCHAR AS action FROM ${file} WHERE "${name}" IS NOT NULL`,
        );
      const rows = await this.#sql.rows(parts.join(' UNION ALL '));
      return { version, actions: rows.map(({ action }) => parseJson(String(action)) as Action) };
    });
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
