import { open, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { EventlakeError, UsageError } from '../core/errors.ts';

/**
 * Byte 9 of a gzip file names the operating system (RFC 1952); 255 is "unknown". zlib writes what it was
 * built for.
 */
async function* withoutSystem(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of source) {
    if (isFirst) chunk[9] = 255;
    isFirst = false;
    yield chunk;
  }
}

/**
 * Writes chunks to a file, gzip-compressed if its name ends in `.gz`. The file appears under its name only
 * when it is complete. The compressed bytes are the same for the same version of zlib, the decompressed ones
 * always.
 * @returns the file's size in bytes.
 */
export async function writeFile(
  path: string,
  chunks: () => AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<number> {
  const existing = await stat(path).catch(() => null);
  if (existing && !existing.isFile())
    throw new UsageError('generate:not_a_file', `${path} is not a regular file, so it is not written to`);
  const partial = `${path}.partial`;
  try {
    // Opened first: a stream that opens it by itself may do so after what failed meanwhile was cleaned up.
    const file = (await open(partial, 'w')).createWriteStream();
    if (path.endsWith('.gz')) await pipeline(chunks, createGzip({ level: 5 }), withoutSystem, file);
    else await pipeline(chunks, file);
    await rename(partial, path);
    return (await stat(path)).size;
  } catch (cause) {
    await rm(partial, { force: true });
    const { code, message } = cause as NodeJS.ErrnoException;
    if (!code || cause instanceof EventlakeError) throw cause;
    throw new EventlakeError('generate:cannot_write', `${path} cannot be written: ${message}`, {
      hint:
        code === 'ENOENT'
          ? 'Create the folder first.'
          : 'Check the free space and the permissions of the folder.',
      cause,
    });
  }
}
