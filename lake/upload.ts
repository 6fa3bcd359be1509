import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ObjectStore } from '../core/contracts.ts';
import type { DataFile, NewFile } from '../core/data-files.ts';
import { EventlakeError } from '../core/errors.ts';
import { DIGEST_TAG, fileDigest } from './digest.ts';

const UPLOADS_AT_ONCE = 4;
/** Folder names are for people; a file system takes 255 bytes. */
const LONGEST_FOLDER = 200;

/**
 * Stores local files under names that were never used before, and notes their digests; a file that is stored
 * already stays where it is, and has no digest. They are no part of the table until a commit names them. When
 * one fails the others stay behind, for removeOrphans to find.
 */
export async function storeFiles(
  store: ObjectStore,
  table: string,
  partitionBy: readonly string[],
  files: readonly NewFile[],
): Promise<DataFile[]> {
  const stored: DataFile[] = new Array(files.length);
  const waiting = files.entries();
  const storeNext = async () => {
    for (const [i, file] of waiting) {
      const partition = partitionOf(table, partitionBy, file);
      const { bytes, rows, stats } = file;
      const facts = { bytes, rows, partition, stats };
      if ('path' in file) {
        stored[i] = { ...facts, path: file.path, written: Date.now(), tags: {} };
        continue;
      }
      const path = `${folderOf(partition)}part-${randomUUID()}.zstd.parquet`;
      // The store may move the file away, which is open by then.
      const opened = await open(file.localPath);
      const [digest] = await Promise.all([
        fileDigest(opened),
        store.putFile(`${table}/${path}`, file.localPath),
      ]);
      stored[i] = { ...facts, path, written: Date.now(), tags: { [DIGEST_TAG]: digest } };
    }
  };
  await Promise.all(Array.from({ length: Math.min(UPLOADS_AT_ONCE, files.length) }, storeNext));
  return stored;
}

function partitionOf(
  table: string,
  partitionBy: readonly string[],
  file: NewFile,
): Record<string, string | null> {
  return Object.fromEntries(
    partitionBy.map((column) => {
      const value = file.partition[column];
      if (value === undefined) {
        throw new EventlakeError(
          'lake:schema_mismatch',
          `table ${table}: ${'path' in file ? file.path : file.localPath} has no value for ${column}`,
          {
            hint: `The table is partitioned by ${partitionBy.join(', ')}: write its files with PARTITION_BY the same columns.`,
          },
        );
      }
      return [column, value];
    }),
  );
}

/** `event_month=2020-10/`, as Hive and Spark name folders. */
function folderOf(partition: Readonly<Record<string, string | null>>): string {
  return Object.entries(partition)
    .map(([column, value]) => {
      const escaped = value === null ? '__HIVE_DEFAULT_PARTITION__' : hiveName(value);
      return `${hiveName(column)}=${escaped.slice(0, LONGEST_FOLDER)}/`;
    })
    .join('');
}

function hiveName(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
