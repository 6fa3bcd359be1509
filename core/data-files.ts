import type { FieldType } from './field-types.ts';

/** One column of a table. */
export interface TableField {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
}

/** What a table's log says of a Parquet file. */
interface FileFacts {
  readonly bytes: number;
  readonly rows: number;
  /** Value of each partition column; the file need not hold these columns. */
  readonly partition: Readonly<Record<string, string | null>>;
  /** The statistics of the Delta protocol ("Per-file Statistics"), as JSON text. */
  readonly stats: string;
}

/** A Parquet file on the local disk that is to become part of a table. */
export interface LocalFile extends FileFacts {
  readonly localPath: string;
}

/** A Parquet file in the table's folder of the store that no commit names yet. */
export interface StoredFile extends FileFacts {
  /** Relative to the table's folder, as the object store names it (not percent-encoded). */
  readonly path: string;
}

/** A Parquet file that is to become part of a table. */
export type NewFile = LocalFile | StoredFile;

/**
 * One Parquet file of a table. Never changed once it is there. Its partition columns are not in the file
 * itself.
 */
export interface DataFile extends StoredFile {
  /** When it was written, in milliseconds since the epoch. */
  readonly written: number;
  /** Further facts that writers have noted, by keys that begin with their program's name. */
  readonly tags: Readonly<Record<string, string | null>>;
}

/** A table of the lake at one version, for those who read its files. */
export interface TableVersion {
  /** The table's folder in the store, such as `electronics/events`. */
  readonly path: string;
  readonly version: bigint;
  /** Its `id` tells the table from others that were at this path before it. */
  readonly metaData: { readonly id: string };
  readonly fields: readonly TableField[];
  /** Columns of `fields` by whose values the files are kept apart. */
  readonly partitionBy: readonly string[];
  readonly files: readonly DataFile[];
  readonly rows: bigint;
}

/** The columns that the table's files hold: all but those by whose values they are kept apart. */
export function fileColumns({
  fields,
  partitionBy,
}: Pick<TableVersion, 'fields' | 'partitionBy'>): TableField[] {
  return fields.filter(({ name }) => !partitionBy.includes(name));
}
