import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { EventlakeError } from '../core/errors.ts';

const READ_BYTES = 1 << 20;

/** An input file, plain or gzip (told apart by its first bytes). All positions count decompressed bytes. */
export interface SourceFile {
  readonly path: string;
  /** Size on disk; for gzip the compressed size. */
  readonly size: number;
  readonly gzip: boolean;
}

/** Looks at a file without reading it all. A path that is missing or no readable file is `ingest:no_file`. */
export async function openSource(path: string, hint: string): Promise<SourceFile> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new EventlakeError('ingest:no_file', `${path} is not a file`, { hint });
    const file = await open(path);
    try {
      const magic = Buffer.alloc(2);
      await file.read(magic, 0, 2, 0);
      return { path, size: info.size, gzip: magic[0] === 0x1f && magic[1] === 0x8b };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof EventlakeError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new EventlakeError(
      'ingest:no_file',
      missing ? `There is no file ${path}` : `${path} cannot be read`,
      { hint, cause: error },
    );
  }
}

/**
 * The file's bytes from `start`, decompressed. `onRead` is told how many bytes were read from disk, for progress.
 * A broken gzip stream is `ingest:bad_gzip`.
 */
export async function* readSource(
  source: SourceFile,
  start: number,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const raw = createReadStream(source.path, { start: source.gzip ? 0 : start, highWaterMark: READ_BYTES });
  if (!source.gzip) {
    for await (const bytes of raw as AsyncIterable<Buffer>) {
      onRead?.(bytes.length);
      yield bytes;
    }
    return;
  }
  try {
    let skip = start;
    for await (const bytes of gunzip(raw, onRead)) {
      if (skip >= bytes.length) skip -= bytes.length;
      else {
        yield bytes.subarray(skip);
        skip = 0;
      }
    }
  } catch (cause) {
    if (!String((cause as NodeJS.ErrnoException).code).startsWith('Z_')) throw cause;
    throw new EventlakeError(
      'ingest:bad_gzip',
      `${source.path} is not a complete gzip file: ${(cause as Error).message}`,
      {
        hint: 'Was the download cut off? Fetch the file again; what was already ingested of it stays.',
        cause,
      },
    );
  }
}

function gunzip(raw: Readable, onRead?: (bytes: number) => void): Readable {
  const counter = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      onRead?.(bytes.length);
      done(null, bytes);
    },
  });
  const gunzipped = createGunzip({ chunkSize: READ_BYTES });
  // Errors surface where the last stream of the chain is read.
  pipeline(raw, counter, gunzipped).catch(() => {});
  return gunzipped;
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

/** Hashes the file's beginning up to each of `positions`; positions beyond the end of the file are left out. */
export async function hashPrefixes(source: SourceFile, positions: Iterable<number>): Promise<Prefix[]> {
  const wanted = [...new Set(positions)].sort((a, b) => a - b);
  const hash = createHash('sha256');
  const found: Prefix[] = [];
  let waiting: Prefix | null = null;
  let at = 0;
  let before: number | undefined;
  for await (const bytes of readSource(source, 0)) {
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
