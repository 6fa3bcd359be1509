import { rm, writeFile } from 'node:fs/promises';
import type { SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';
import type { CheckpointFormat } from '../../lake/checkpoint.ts';
import { exactly, parquet } from './relations.ts';

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

/** {@link CheckpointFormat} by DuckDB's reader and writer of Parquet. */
export class DuckDbCheckpoints implements CheckpointFormat {
  readonly #sql: SqlSession;

  constructor(sql: SqlSession) {
    this.#sql = sql;
  }

  async write(
    actions: readonly string[],
    to: string,
    metadata: Readonly<Record<string, string>>,
  ): Promise<void> {
    const json = `${to}.json`;
    try {
      await writeFile(json, actions.join('\n'));
      const columns = Object.entries(COLUMNS).map(([name, type]) => `"${name}": ${literal(type)}`);
      const entries = Object.entries(metadata).map(([key, value]) => `${literal(key)}: ${literal(value)}`);
      await this.#sql.run(
        `COPY (FROM read_json(${literal(exactly(json))}, format = 'newline_delimited', columns = {${columns.join(', ')}}))
         TO ${literal(to)} (FORMAT parquet, COMPRESSION snappy, KV_METADATA {${entries.join(', ')}})`,
      );
    } finally {
      await rm(json, { force: true });
    }
  }

  async read(path: string): Promise<string[]> {
    const file = parquet([path]);
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
}
