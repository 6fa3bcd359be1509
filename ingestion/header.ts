import { EventlakeError } from '../core/errors.ts';
import { MAX_RECORD_BYTES } from './lines.ts';
import { parseHeader } from './records.ts';
import { readSource, type SourceFile } from './source-file.ts';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LF = 0x0a;

/** A file's header, and where its rows begin. */
export interface Header {
  readonly names: readonly string[];
  /** Bytes before the first row: byte order mark, blank lines, and the header with its line ending. */
  readonly bytes: number;
  /** Number of the physical line on which the rows begin. */
  readonly nextLine: number;
  /** False when the file ends within the header's line. */
  readonly ended: boolean;
}

/** Reads the first record of a file; null for a file without any. A header that is no record is `ingest:bad_header`. */
export async function readHeader(source: SourceFile): Promise<Header | null> {
  let bytes: Buffer = Buffer.alloc(0);
  let start = 0;
  let line = 1;
  for await (const more of readSource(source, 0)) {
    bytes = Buffer.concat([bytes, more]);
    if (bytes.length > MAX_RECORD_BYTES * 2) break;
    const feed = bytes.lastIndexOf(LF);
    if (feed >= 0 && bytes.toString('latin1').trim() !== '' && !isOpen(bytes.subarray(0, feed))) break;
  }
  if (bytes.subarray(0, 3).equals(BOM)) start = 3;
  for (; start < bytes.length; line += 1) {
    const first = line;
    let feed = bytes.indexOf(LF, start);
    // A line feed within quotes belongs to a name.
    for (; feed >= 0 && isOpen(bytes.subarray(start, feed)); line += 1) feed = bytes.indexOf(LF, feed + 1);
    const end = feed < 0 ? bytes.length : feed + 1;
    const text = bytes.subarray(start, end);
    start = end;
    if (text.toString('latin1').trim() === '') continue;
    const names = text.length > MAX_RECORD_BYTES ? null : parseHeader(text);
    if (names?.some((name) => /\r(?!\n)/.test(name))) throw carriageReturns(source.path, first);
    if (names) return { names, bytes: end, nextLine: feed < 0 ? line : line + 1, ended: feed >= 0 };
    throw new EventlakeError(
      'ingest:bad_header',
      `${source.path}:${first}: the header is no line of comma-separated names`,
      {
        hint: 'Is it a CSV file, in UTF-8, with a header on its first line?',
      },
    );
  }
  return null;
}

/** Whether a quote is still open at the end of these bytes. */
function isOpen(bytes: Buffer): boolean {
  return bytes.toString('latin1').split('"').length % 2 === 0;
}

/** A file whose lines end in carriage returns alone is one long header, and would pass for a file without rows. */
function carriageReturns(path: string, line: number): EventlakeError {
  return new EventlakeError('ingest:bad_header', `${path}:${line}: the header has a carriage return in it`, {
    hint: 'Do its lines end in carriage returns alone? Lines of a CSV file must end in LF or CRLF.',
  });
}
