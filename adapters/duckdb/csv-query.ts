import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { glob } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { CsvTable } from '../../core/dataset.ts';
import { EventlakeError } from '../../core/errors.ts';
import { emptyRelation, fileList } from './relations.ts';

/** Nothing is guessed but line ends: what is no such CSV is an error, and not a table of other columns. */
const DIALECT = `skip = 0, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"'`;

/**
 * The query of a table that is read from the user's CSV files, with the files that there are. It begins with
 * their digests, so that it is another query when a file has changed. Of rows with one key, that of the file
 * with the last name is taken; rows without a key are not.
 */
export async function csvQuery({ path, columns }: CsvTable, key: string): Promise<string> {
  const files: string[] = [];
  for await (const file of glob(path)) files.push(file);
  const list = columns.join(', ');
  if (files.length === 0)
    return `SELECT ${list} FROM ${emptyRelation(columns.map((name) => ({ name, type: 'string', nullable: true })))}`;
  files.sort();
  const digests = await Promise.all(files.map(digestOf));
  const rows = files.map((file, i) => {
    // The name of the file stands in the error of a column that it lacks.
    const alias = `"${file.replaceAll('"', '""')}"`;
    const values = columns.map((column) => `${alias}.${column}`).join(', ');
    return `SELECT ${values}, ${i} AS file FROM read_csv(${fileList([file])}, ${DIALECT}) AS ${alias}`;
  });
  return `-- sha256 ${digests.join(' ')}
SELECT ${list} FROM (
  SELECT ${list}, row_number() OVER (PARTITION BY ${key} ORDER BY file DESC, ${list}) AS place
  FROM (${rows.join(' UNION ALL ')})
  WHERE ${key} IS NOT NULL
) WHERE place = 1`;
}

/** What DuckDB says of such a query, which names the file, and the line where one is wrong. */
export function unreadableCsv(table: string, { path, columns }: CsvTable, cause: Error): EventlakeError {
  const [problem] = cause.message.split('\n');
  const [, file] = /^\s*file\s*=\s*(.+)$/m.exec(cause.message) ?? [];
  return new EventlakeError(
    'model:bad_file',
    `The table ${table} cannot be read from ${file ?? path}: ${problem}`,
    { hint: `The files are CSV in UTF-8 with a header that has at least ${columns.join(', ')}.`, cause },
  );
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
