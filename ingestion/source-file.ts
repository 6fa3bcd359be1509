import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { EventlakeError } from '../core/errors.ts';
import { filePieces } from '../core/file-pieces.ts';

const READ_BYTES = 1 << 20;
/** A file that changed this short a time ago may still be written. */
const SETTLED_MS = 5000;
/** By the first bytes of a file. */
const COMPRESSIONS = [
  {
    name: 'gzip',
    magic: Buffer.from([0x1f, 0x8b]),
    decompressor: () => createGunzip({ chunkSize: READ_BYTES }),
  },
  {
    name: 'zstd',
    magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    decompressor: () => createZstdDecompress({ chunkSize: READ_BYTES }),
  },
] as const;

/**
 * An input file, plain or compressed (told apart by its first bytes). All positions count bytes of
 * decompressed UTF-8.
 */
export interface SourceFile {
  readonly path: string;
  /**
   * Size on disk, and when it was last changed, in milliseconds since the epoch; as they were when it was
   * opened.
   */
  readonly size: number;
  readonly modified: number;
  readonly compression: (typeof COMPRESSIONS)[number] | null;
  /** What is decoded to UTF-8 while it is read; null for UTF-8 itself. */
  readonly encoding: string | null;
}

/** Whether reading can begin in the middle of the file. */
export function isSeekable({ compression, encoding }: SourceFile): boolean {
  return compression === null && encoding === null;
}

/** Looks at a file without reading it all. A path that is missing or no readable file is `ingest:no_file`. */
export async function openSource(
  path: string,
  hint: string,
  encoding: string | null = null,
): Promise<SourceFile> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new EventlakeError('ingest:no_file', `${path} is not a file`, { hint });
    const file = await open(path);
    try {
      const first = Buffer.alloc(4);
      await file.read(first, 0, 4, 0);
      const compression =
        COMPRESSIONS.find(({ magic }) => first.subarray(0, magic.length).equals(magic)) ?? null;
      return { path, size: info.size, modified: info.mtimeMs, compression, encoding };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof EventlakeError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new EventlakeError('ingest:no_file', `There is no file ${path}`, { hint, cause: error });
    const advice =
      code === 'EACCES' ? 'Give the user who runs eventlake the right to read it (chmod, chown).' : hint;
    throw new EventlakeError('ingest:no_file', `${path} cannot be read: ${message}`, {
      hint: advice,
      cause: error,
    });
  }
}

/**
 * Whether the file may still be written: it changed since it was opened, or it does not end with a line
 * (`ended`) and changed within the last seconds. A compressed file has an end of its own.
 */
export async function isBeingWritten(
  { path, size, modified, compression }: SourceFile,
  ended: boolean,
): Promise<boolean> {
  if (compression) return false;
  const info = await stat(path);
  const settled = ended || Date.now() - info.mtimeMs >= SETTLED_MS;
  return info.size !== size || info.mtimeMs !== modified || !settled;
}

/**
 * The file's text in UTF-8 from byte `start`, decompressed. `onRead` is told how many bytes were read from
 * disk, for progress. A broken gzip or zstd stream is `ingest:bad_gzip`.
 */
export async function* readSource(
  source: SourceFile,
  start: number,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  if (isSeekable(source)) {
    yield* readRaw(source, start, onRead);
    return;
  }
  let skip = start;
  for await (const bytes of decoded(source, readRaw(source, 0, onRead))) {
    if (skip >= bytes.length) skip -= bytes.length;
    else {
      yield bytes.subarray(skip);
      skip = 0;
    }
  }
}

/**
 * The text in UTF-8. A character of which only a part is there, at the end of a file that grows, is left out.
 */
async function* decoded({ encoding }: SourceFile, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (encoding === null) yield* bytes;
  else {
    const decoder = new TextDecoder(encoding);
    for await (const part of bytes) {
      const text = decoder.decode(part, { stream: true });
      if (text !== '') yield Buffer.from(text);
    }
  }
}

/** The file's own bytes, decompressed; from `start`, which is 0 for a compressed file. */
async function* readRaw(
  source: SourceFile,
  start: number,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const { compression } = source;
  const raw = createReadStream(source.path, { start, highWaterMark: READ_BYTES });
  if (!compression) {
    for await (const bytes of raw as AsyncIterable<Buffer>) {
      onRead?.(bytes.length);
      yield bytes;
    }
    return;
  }
  try {
    for await (const bytes of decompress(raw, compression.decompressor(), onRead)) yield bytes;
  } catch (cause) {
    if (!/^(Z|ZSTD)_/.test(String((cause as NodeJS.ErrnoException).code))) throw cause;
    if (/incorrect header|unknown compression/.test((cause as Error).message)) {
      throw new EventlakeError(
        'ingest:bad_gzip',
        `${source.path} has something else after the end of its ${compression.name} data`,
        { hint: 'Cut it off, or compress the file again. What was already ingested of it stays.', cause },
      );
    }
    throw new EventlakeError(
      'ingest:bad_gzip',
      `${source.path} is not a complete ${compression.name} file: ${(cause as Error).message}`,
      {
        hint: 'Was the download cut off? Fetch the file again; what was already ingested of it stays.',
        cause,
      },
    );
  }
}

function decompress<T extends Transform>(
  raw: Readable,
  decompressor: T,
  onRead?: (bytes: number) => void,
): T {
  const counter = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      onRead?.(bytes.length);
      done(null, bytes);
    },
  });
  // Errors surface where the last stream of the chain is read.
  pipeline(raw, counter, decompressor).catch(() => {});
  return decompressor;
}

/** What the file held up to one position. */
export interface Prefix {
  readonly bytes: number;
  readonly sha256: string;
  /** The hash as it stood there, to be carried on. */
  readonly hash: Hash;
  /** The last byte before the position and the first after it; undefined at either end of the file. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/**
 * Hashes the file's beginning up to each of `positions`; positions beyond the end of the file are left out.
 */
export async function hashPrefixes(source: SourceFile, positions: Iterable<number>): Promise<Prefix[]> {
  const wanted = [...new Set(positions)].sort((a, b) => a - b);
  const hash = createHash('sha256');
  const found: Prefix[] = [];
  let waiting: Prefix | null = null;
  let at = 0;
  let before: number | undefined;
  const pieces = isSeekable(source) ? filePieces(source.path) : readSource(source, 0);
  for await (const bytes of pieces) {
    if (waiting) found.push({ ...waiting, after: bytes[0] });
    waiting = null;
    let done = 0;
    for (let next = wanted[0]; next !== undefined && next <= at + bytes.length; next = wanted[0]) {
      wanted.shift();
      hash.update(bytes.subarray(done, next - at));
      done = next - at;
      before = done > 0 ? bytes[done - 1] : before;
      const prefix = {
        bytes: next,
        sha256: hash.copy().digest('hex'),
        hash: hash.copy(),
        before,
        after: bytes[done],
      };
      if (done < bytes.length) found.push(prefix);
      else waiting = prefix;
    }
    hash.update(bytes.subarray(done));
    before = bytes.at(-1);
    at += bytes.length;
    if (wanted.length === 0 && !waiting) break;
  }
  if (waiting) found.push(waiting);
  return found;
}
