import type { ObjectStore } from '../../core/contracts.ts';
import type { StoredFile, TableField } from '../../core/data-files.ts';
import { DeltaTable } from '../../lake/table.ts';
import { placeOf, type SparkBucket } from './lake-place.ts';
import type { SparkSession } from './session.ts';

/** As people call the engine. */
export const SPARK = 'Spark';

/** What Spark's files are written with and to. */
export interface SparkLake {
  readonly session: SparkSession;
  readonly store: ObjectStore;
  readonly bucket: SparkBucket;
}

/** Rows that are to be written for a table. */
export interface NewRows {
  /** The table's folder. */
  readonly table: string;
  readonly query: string;
  readonly partitionBy?: readonly string[];
}

/**
 * Writes the rows as a Delta table of one commit in a new folder within the table's own, `batch-<uuid>`, and
 * answers with its files, relative to the table. The folder's log, which gave paths and statistics, is
 * removed.
 */
export async function writeFiles(
  { session, store, bucket }: SparkLake,
  { table, query, partitionBy = [] }: NewRows,
): Promise<{ files: StoredFile[]; fields: readonly TableField[] }> {
  const folder = `batch-${crypto.randomUUID()}`;
  const place = `${table}/${folder}`;
  const partitioned = partitionBy.length > 0 ? `PARTITIONED BY (${partitionBy.join(', ')})` : '';
  try {
    // The query may end in a comment.
    await session.run(
      `CREATE TABLE delta.\`${placeOf(bucket, place)}\` USING delta ${partitioned} AS ${query}\n`,
    );
    const written = await new DeltaTable(store, place).snapshot();
    if (!written) throw new Error(`Spark has written no table to ${place}`);
    await removeFolder(store, `${place}/_delta_log/`);
    const [files, empty] = [
      written.files.filter(({ rows }) => rows > 0),
      written.files.filter(({ rows }) => rows === 0),
    ];
    await store.delete(empty.map(({ path }) => `${place}/${path}`));
    return {
      files: files.map((file) => ({ ...file, path: `${folder}/${file.path}` })),
      fields: written.fields,
    };
  } catch (error) {
    await removeFolder(store, `${place}/`).catch(() => {});
    throw error;
  }
}

async function removeFolder(store: ObjectStore, prefix: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  await store.delete(keys);
}
