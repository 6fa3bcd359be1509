import { isUtf8 } from 'node:buffer';
import { EventlakeError } from '../core/errors.ts';
import { parseHeader } from './csv-record.ts';
import { COMMAS, type Dialect, delimiterLine } from './dialect.ts';
import { MAX_RECORD_BYTES } from './lines.ts';
import { readSource, type SourceFile } from './source-file.ts';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LF = 0x0a;
const BRACE = 0x7b;

/** A file's header, and where its rows begin. */
export interface Header {
  readonly names: readonly string[];
  /** Bytes before the first row: byte order mark, blank lines, and the header with its line ending. */
  readonly bytes: number;
  /** Number of the physical line on which the rows begin. */
  readonly nextLine: number;
  /** False when the file ends within the header's line. */
  readonly ended: boolean;
  /**
   * What parts the names: the dialect's delimiter, or the one that a line `sep=;` before the header names.
   */
  readonly delimiter: string;
}

/**
 * Reads the first record of a file; null for a file without any. Without a dialect there is no header: the
 * rows begin with the file.
 * @throws EventlakeError `ingest:bad_header` when it is no record, with what the file seems to be instead
 */
export async function readHeader(
  source: SourceFile,
  dialect: Dialect | null = COMMAS,
): Promise<Header | null> {
  const quote = dialect?.quote ?? null;
  let delimiter = dialect?.delimiter ?? '';
  let bytes: Buffer = Buffer.alloc(0);
  let start = 0;
  let line = 1;
  for await (const more of readSource(source, 0)) {
    bytes = Buffer.concat([bytes, more]);
    if (bytes.length > MAX_RECORD_BYTES * 2) break;
    const feed = bytes.lastIndexOf(LF);
    if (feed >= 0 && bytes.toString('latin1').trim() !== '' && !isOpen(bytes.subarray(0, feed), quote)) break;
  }
  refuseOtherEncodings(source.path, bytes);
  if (bytes.subarray(0, 3).equals(BOM)) start = 3;
  if (dialect === null) {
    if (bytes.subarray(start).toString('latin1').trim() === '') return null;
    return { names: [], bytes: start, nextLine: 1, ended: true, delimiter };
  }
  for (; start < bytes.length; line += 1) {
    const first = line;
    let feed = bytes.indexOf(LF, start);
    // A line feed within quotes belongs to a name.
    for (; feed >= 0 && isOpen(bytes.subarray(start, feed), quote); line += 1)
      feed = bytes.indexOf(LF, feed + 1);
    const end = feed < 0 ? bytes.length : feed + 1;
    const text = bytes.subarray(start, end);
    start = end;
    if (text.toString('latin1').trim() === '') continue;
    const named = delimiterLine(text.toString('latin1'));
    if (named !== null) {
      delimiter = named;
      continue;
    }
    const names = text.length > MAX_RECORD_BYTES ? null : parseHeader(text, { ...dialect, delimiter });
    if (names?.some((name) => /\r(?!\n)/.test(name))) throw carriageReturns(source.path, first);
    if (text[0] === BRACE) throw jsonLines(source.path);
    if (names)
      return { names, bytes: end, nextLine: feed < 0 ? line : line + 1, ended: feed >= 0, delimiter };
    const encoding = isUtf8(text) ? '' : ': it is not UTF-8';
    throw new EventlakeError(
      'ingest:bad_header',
      `${source.path}:${first}: the header is no line of names that are separated by ${JSON.stringify(delimiter)}${encoding}`,
      {
        hint: encoding
          ? 'Set source.encoding in dataset.yml, such as windows-1252.'
          : 'Is it a CSV file with a header on its first line? If not, source in dataset.yml says what it is.',
      },
    );
  }
  return null;
}

/** Whether a quote is still open at the end of these bytes. */
function isOpen(bytes: Buffer, quote: string | null): boolean {
  return quote !== null && bytes.toString('latin1').split(quote).length % 2 === 0;
}

/** UTF-16 has a byte order mark, or zeros in every other byte of Latin letters. */
function refuseOtherEncodings(path: string, bytes: Buffer): void {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes;
  const isLittle =
    (first === 0xff && second === 0xfe) || (first > 0 && second === 0 && third > 0 && fourth === 0);
  const isBig =
    (first === 0xfe && second === 0xff) || (first === 0 && second > 0 && third === 0 && fourth > 0);
  if (!isLittle && !isBig) return;
  throw new EventlakeError('ingest:bad_header', `${path} is UTF-16`, {
    hint: `Set source.encoding to utf-16${isLittle ? 'le' : 'be'} in dataset.yml.`,
  });
}

function jsonLines(path: string): EventlakeError {
  return new EventlakeError('ingest:bad_header', `${path} holds JSON, not CSV`, {
    hint: 'If each line is a JSON object, set source.format to ndjson in dataset.yml.',
  });
}

/**
 * A file whose lines end in carriage returns alone is one long header, and would pass for a file without
 * rows.
 */
function carriageReturns(path: string, line: number): EventlakeError {
  return new EventlakeError('ingest:bad_header', `${path}:${line}: the header has a carriage return in it`, {
    hint: 'Do its lines end in carriage returns alone? Lines of a CSV file must end in LF or CRLF.',
  });
}
