import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Client, DatabaseError } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { EventlakeError } from '../../core/errors.ts';
import { explain } from './errors.ts';
import { copyChanges } from './merge.ts';

/** A file of changes, or a part of one, and the fields of its lines in their order. */
export interface ChangesFile {
  readonly file: string;
  /**
   * The first byte of the part, and that after its last, both at the beginning of a line or the file's end.
   */
  readonly start: number;
  readonly end: number;
  readonly fields: readonly { readonly name: string; readonly key: boolean }[];
}

/**
 * Copies a file of changes into the temporary table `changes`; `onProgress` gets the number of its lines that
 * are sent.
 * @throws `warehouse:rejected` naming the row when a line cannot be read.
 */
export async function copyFile(
  client: Client,
  changes: string,
  part: ChangesFile,
  description: string,
  onProgress: (lines: number) => void,
): Promise<void> {
  const { fields } = part;
  const lines = readPart(part);
  let sent = 0;
  lines.on('data', (chunk) => {
    sent += lineFeeds(chunk as Buffer);
    onProgress(sent);
  });
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
    const row = nameOf(await lineAt(part, Number(line)), fields);
    throw new EventlakeError(code, `The row ${row} cannot be stored in ${message}`, {
      ...(hint !== undefined && { hint }),
      cause: error,
    });
  }
}

function lineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

/** A row by its key: `user_id 17`. */
function nameOf(line: string, fields: ChangesFile['fields']): string {
  const values = line.split('\t').slice(1);
  const keys = fields.flatMap(({ name, key }, at) => (key ? [`${name} ${values[at]?.slice(0, 100)}`] : []));
  return keys.join(', ');
}

async function lineAt(part: ChangesFile, wanted: number): Promise<string> {
  let number = 1;
  let rest = '';
  for await (const text of readPart(part).setEncoding('utf8')) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const found = lines[wanted - number];
    if (found !== undefined) return found;
    number += lines.length;
  }
  return rest;
}

function readPart({ file, start, end }: ChangesFile): Readable {
  // A stream has an inclusive end, and so cannot be of nothing.
  if (end === start) return Readable.from([]);
  return createReadStream(file, { start, end: end - 1, highWaterMark: 1 << 18 });
}

/** Divides a file of changes into parts of about the same size. */
export async function partsOf(
  file: string,
  fields: ChangesFile['fields'],
  parts: number,
): Promise<ChangesFile[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const starts: number[] = [0];
    const block = Buffer.alloc(1 << 16);
    for (let part = 1; part < parts; part++) {
      let at = Math.floor((size / parts) * part);
      for (;;) {
        const { bytesRead } = await handle.read(block, 0, block.length, at);
        const end = block.subarray(0, bytesRead).indexOf('\n');
        at += end < 0 ? bytesRead : end + 1;
        if (end >= 0 || bytesRead === 0) break;
      }
      starts.push(Math.max(at, starts.at(-1) ?? 0));
    }
    return starts.map((start, i) => ({ file, fields, start, end: starts[i + 1] ?? size }));
  } finally {
    await handle.close();
  }
}
