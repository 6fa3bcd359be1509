import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Client, DatabaseError } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { EventlakeError } from '../../core/errors.ts';
import { explain } from './errors.ts';
import { copyChanges } from './merge.ts';

/** A file of changes, and the fields of its lines in their order. */
export interface ChangesFile {
  readonly file: string;
  readonly fields: readonly { readonly name: string; readonly key: boolean }[];
}

/**
 * Copies a file of changes into the temporary table `changes`.
 * @throws `warehouse:rejected` naming the row when a line cannot be read.
 */
export async function copyFile(
  client: Client,
  changes: string,
  { file, fields }: ChangesFile,
  description: string,
  onProgress?: () => void,
): Promise<void> {
  const lines = createReadStream(file, { highWaterMark: 1 << 18 });
  if (onProgress) lines.on('data', () => onProgress());
  try {
    await pipeline(
      lines,
      client.query(
        copyFrom(
          copyChanges(
            changes,
            fields.map(({ name }) => name),
          ),
        ),
      ),
    );
  } catch (error) {
    const line = error instanceof DatabaseError ? /, line (\d+)/.exec(error.where ?? '')?.[1] : undefined;
    if (line === undefined) throw error;
    const { code, message, hint } = explain(error, description);
    const row = nameOf(await lineAt(file, Number(line)), fields);
    throw new EventlakeError(code, `The row ${row} cannot be stored in ${message}`, {
      ...(hint !== undefined && { hint }),
      cause: error,
    });
  }
}

/** A row by its key: `user_id 17`. */
function nameOf(line: string, fields: ChangesFile['fields']): string {
  const values = line.split('\t').slice(1);
  const keys = fields.flatMap(({ name, key }, at) => (key ? [`${name} ${values[at]?.slice(0, 100)}`] : []));
  return keys.join(', ');
}

async function lineAt(file: string, wanted: number): Promise<string> {
  let number = 1;
  let rest = '';
  for await (const text of createReadStream(file, 'utf8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const found = lines[wanted - number];
    if (found !== undefined) return found;
    number += lines.length;
  }
  return rest;
}
