import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../core/contracts.ts';
import type { LocalFile, TableField } from '../../core/data-files.ts';
import type { CommitRequest } from '../../lake/commit.ts';

/** The columns of the tables in these tests. */
export const FIELDS: readonly TableField[] = [
  { name: 'id', type: 'long', nullable: false },
  { name: 'month', type: 'string', nullable: true },
];

/** A file of `rows` rows; its bytes are no Parquet, as nothing here opens it. */
export async function someFile(
  folder: string,
  rows: number,
  month: string | null = null,
): Promise<LocalFile> {
  const localPath = join(folder, randomUUID());
  const body = `${rows} rows`;
  await writeFile(localPath, body);
  return {
    localPath,
    bytes: body.length,
    rows,
    partition: { month },
    stats: `{"numRecords":${rows},"minValues":{"id":1},"maxValues":{"id":${rows}},"nullCount":{"id":0}}`,
  };
}

/** A commit of no files on top of `base`, but for `change`. */
export function append(base: CommitRequest['base'], change: Partial<CommitRequest> = {}): CommitRequest {
  return {
    base,
    fields: FIELDS,
    partitionBy: ['month'],
    add: [],
    remove: 'none',
    txns: new Map(),
    operation: 'WRITE',
    ...change,
  };
}

/** The data files that lie in a table's folder, whether a commit names them or not. */
export async function dataFiles(store: ObjectStore, path: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${path}/`)) if (!key.includes('/_delta_log/')) keys.push(key);
  return keys;
}
