import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import type { Dialect } from './dialect.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Quotes that open or close; `open` says whether the bytes begin within quotes. */
export function countQuotes(bytes: Buffer, open: boolean, { quote, escapedBy }: Dialect): number {
  if (quote === null) return 0;
  const [quoteByte, escapeByte] = [quote.charCodeAt(0), escapedBy.charCodeAt(0)];
  let count = 0;
  if (quoteByte === escapeByte) {
    for (let at = bytes.indexOf(quoteByte); at >= 0; at = bytes.indexOf(quoteByte, at + 1)) count += 1;
    return count;
  }
  for (let at = 0; at < bytes.length; at += 1) {
    const within = (count % 2 === 1) !== open;
    const next = bytes[at + 1];
    if (within && bytes[at] === escapeByte && (next === quoteByte || next === escapeByte)) at += 1;
    else if (bytes[at] === quoteByte) count += 1;
  }
  return count;
}

/** One record's fields; `broken` when a quote stands where none may. */
export function parseRecord(record: Buffer, dialect: Dialect): readonly string[] | 'broken' {
  // Without its line ending, as the file's last line may end in a carriage return alone.
  const bytes = withoutLineEnding(record);
  try {
    // The parser takes a NUL after a closing quote for the end of its input; any other character shows
    // whether one may stand there.
    if (bytes.includes(0)) parseCsv(Buffer.from(bytes.map((byte) => byte || 1)), dialect);
    return parseCsv(bytes, dialect)[0] ?? [];
  } catch {
    return 'broken';
  }
}

function parseCsv(bytes: Buffer, { delimiter, quote, escapedBy }: Dialect): string[][] {
  return parse(bytes, {
    delimiter,
    quote: quote ?? false,
    escape: escapedBy,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: false,
  });
}

/**
 * The header's field names: the first record of a file, without its byte order mark. Null when it is
 * malformed.
 */
export function parseHeader(line: Buffer, dialect: Dialect): readonly string[] | null {
  const fields = isUtf8(line) ? parseRecord(line, dialect) : 'broken';
  return typeof fields === 'string' ? null : fields;
}

/** A line without its LF or CRLF; a file's last line may end in a carriage return alone. */
export function withoutLineEnding(line: Buffer): Buffer {
  let end = line.length;
  if (line[end - 1] === LF) end -= 1;
  if (line[end - 1] === CR) end -= 1;
  return line.subarray(0, end);
}
