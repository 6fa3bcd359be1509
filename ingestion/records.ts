import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { type Block, MAX_RECORD_BYTES } from './lines.ts';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
/** Backslashes and control characters other than the line feed: a carriage return may also stand inside a field. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON must escape
const NEEDS_ESCAPING = /[\\\0-\x09\x0b-\x1f]/;

/** Why a line could not become an event; docs/data-rules.md says when each is given. */
export type DeadReason =
  | 'line:invalid_utf8'
  | 'line:broken_quote'
  | 'line:too_long'
  | 'line:wrong_field_count';

/** A line that could not become an event. `raw` is without its line ending. */
export interface DeadLine {
  readonly reason: DeadReason;
  readonly detail: string;
  readonly raw: Buffer;
}

/**
 * The records of consecutive bytes of a file, in order. Record i is `rows[i]` (its fields, or why it has none), begins on physical line
 * `lines[i]` of the file and ends at byte `ends[i]` of `bytes`. Bytes that belong to no record (blank lines) are in `bytes` too.
 */
export interface RecordGroup {
  readonly bytes: Buffer;
  readonly rows: readonly (readonly string[] | DeadLine)[];
  readonly lines: readonly number[];
  readonly ends: readonly number[];
  /** Number of the physical line on which the next group begins. */
  readonly nextLine: number;
  /** True when no field needs escaping in JSON. */
  readonly plain: boolean;
  /** True when the group ends within a line that is too long: nobody can go on reading from there. */
  readonly withinLine: boolean;
  /** Bytes after the last group that are left for a later run, as their record is still being written. */
  readonly left?: number;
}

/**
 * Parses blocks whose first physical line has the number `firstLine`; a record must have `fieldCount` fields. `isComplete` is asked
 * at the end of the file, with whether that is the end of a line: when it says no, a last record that is not ended is left.
 */
export async function* toRecords(
  blocks: AsyncIterable<Block>,
  firstLine: number,
  fieldCount: number,
  isComplete: (ended: boolean) => Promise<boolean> = async () => true,
): AsyncGenerator<RecordGroup> {
  let line = firstLine;
  let open: Buffer = Buffer.alloc(0);
  let beginning: Buffer = Buffer.alloc(0);
  for await (const block of blocks) {
    if (block.kind === 'lines') {
      const bytes = open.length > 0 ? Buffer.concat([open, block.bytes]) : block.bytes;
      if (block.last && bytes.length > 0 && !(await isComplete(bytes.at(-1) === LF))) {
        const ended = bytes.subarray(0, bytes.lastIndexOf(LF) + 1);
        const group = parseLines(ended, line, fieldCount, false);
        yield { ...group, left: bytes.length - group.bytes.length };
        return;
      }
      const group = parseLines(bytes, line, fieldCount, block.last);
      open = bytes.subarray(group.bytes.length);
      line = group.nextLine;
      yield group;
      continue;
    }
    if (open.length > 0) {
      // The record that is still open would take in an overlong line: it is broken.
      const group = parseLines(open, line, fieldCount, true);
      open = Buffer.alloc(0);
      line = group.nextLine;
      yield group;
    }
    if (block.kind === 'overlong') beginning = Buffer.from(block.bytes.subarray(0, MAX_RECORD_BYTES));
    const ended = block.kind === 'overlong-rest' && (block.last || block.bytes.at(-1) === LF);
    const at = line;
    if (block.bytes.at(-1) === LF) line += 1;
    yield {
      bytes: block.bytes,
      rows: ended ? [tooLong(beginning)] : [],
      lines: ended ? [at] : [],
      ends: ended ? [block.bytes.length] : [],
      nextLine: line,
      plain: false,
      withinLine: !ended,
    };
  }
}

function tooLong(raw: Buffer): DeadLine {
  const detail = `longer than ${MAX_RECORD_BYTES} bytes; the first ${MAX_RECORD_BYTES} are kept`;
  return { reason: 'line:too_long', detail, raw };
}

/** Collects the records of whole physical lines; what it leaves unconsumed is a record that may go on after `bytes`. */
function parseLines(bytes: Buffer, firstLine: number, fieldCount: number, last: boolean): RecordGroup {
  const starts = lineStarts(bytes);
  const rows: (readonly string[] | DeadLine)[] = [];
  const lines: number[] = [];
  const ends: number[] = [];
  const easy = !bytes.includes(QUOTE) && isUtf8(bytes);
  let plain = easy;
  const push = (row: readonly string[] | DeadLine, index: number, end: number) => {
    rows.push(row);
    lines.push(firstLine + index);
    ends.push(end);
  };
  const slice = (index: number, stop: number) => bytes.subarray(starts[index], starts[stop]);
  const dead = (reason: DeadReason, detail: string, index: number) =>
    push(
      { reason, detail, raw: Buffer.from(withoutLineEnding(slice(index, index + 1))) },
      index,
      starts[index + 1] ?? bytes.length,
    );
  const accept = (fields: readonly string[], index: number, stop: number): number => {
    if (fields.length === fieldCount) push(fields, index, starts[stop] ?? bytes.length);
    else {
      dead('line:wrong_field_count', `${fields.length} fields where the header has ${fieldCount}`, index);
      return index + 1;
    }
    return stop;
  };

  const count = starts.length - 1;
  let index = 0;
  while (index < count) {
    let stop = easy ? count : easyUntil(bytes, starts, index);
    if (stop > index) {
      // Without quotes every physical line is one record, and every comma parts two fields: five times as fast as the parser.
      const segment = slice(index, stop).toString();
      plain &&= !NEEDS_ESCAPING.test(segment);
      for (const line of segment.split('\n')) {
        if (index === stop) break;
        const text = line.endsWith('\r') ? line.slice(0, -1) : line;
        if (text === '') index += 1;
        else index = accept(text.split(','), index, index + 1);
      }
      continue;
    }
    const first = slice(index, index + 1);
    if (!isUtf8(first)) {
      dead('line:invalid_utf8', 'the line is not UTF-8', index);
      index += 1;
      continue;
    }
    stop = index + 1;
    // Within a record a line feed is quoted when the quotes before it are odd in number, so that each record is parsed only once.
    let quotes = countQuotes(first);
    while (quotes % 2 === 1 && stop < count) {
      const quote = bytes.indexOf(QUOTE, starts[stop]);
      const limit = (starts[index] ?? 0) + MAX_RECORD_BYTES;
      if (quote < 0 || quote >= limit) break;
      while ((starts[stop] ?? Infinity) <= quote) stop += 1;
      quotes += countQuotes(slice(stop - 1, stop));
    }
    const outcome = quotes % 2 === 1 ? 'open' : parseRecord(slice(index, stop));
    const start = starts[index] ?? 0;
    const end = starts[stop] ?? bytes.length;
    if (outcome === 'open' && !last && bytes.length - start <= MAX_RECORD_BYTES) break;
    const size = end - start - (bytes[end - 1] === LF ? 1 : 0);
    if (outcome === 'open' || outcome === 'broken' || size > MAX_RECORD_BYTES) {
      dead('line:broken_quote', 'a quote stands where none may, or is not closed in time', index);
      index += 1;
    } else if (!isUtf8(bytes.subarray(start, end))) {
      dead('line:invalid_utf8', 'the record is not UTF-8', index);
      index += 1;
    } else index = accept(outcome, index, stop);
  }
  const consumed = bytes.subarray(0, starts[index] ?? bytes.length);
  return { bytes: consumed, rows, lines, ends, nextLine: firstLine + index, plain, withinLine: false };
}

/** Offsets of the physical lines, and the end of the last. */
function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) starts.push(at + 1);
  if (starts.at(-1) !== bytes.length) starts.push(bytes.length);
  return starts;
}

/** The first physical line from `index` on that has a quote or is not UTF-8; `index` itself when it is that line. */
function easyUntil(bytes: Buffer, starts: readonly number[], index: number): number {
  let stop = index;
  for (; stop < starts.length - 1; stop += 1) {
    const line = bytes.subarray(starts[stop], starts[stop + 1]);
    if (line.includes(QUOTE) || !isUtf8(line)) break;
  }
  return stop;
}

function countQuotes(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) count += 1;
  return count;
}

/** One record's fields; `broken` when a quote stands where none may. */
function parseRecord(record: Buffer): readonly string[] | 'broken' {
  // Without its line ending, as the file's last line may end in a carriage return alone.
  const bytes = withoutLineEnding(record);
  try {
    // The parser takes a NUL after a closing quote for the end of its input; any other character shows whether one may stand there.
    if (bytes.includes(0)) parseCsv(Buffer.from(bytes.map((byte) => byte || 1)));
    return parseCsv(bytes)[0] ?? [];
  } catch {
    return 'broken';
  }
}

function parseCsv(bytes: Buffer): string[][] {
  return parse(bytes, {
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: false,
  });
}

/** The header's field names: the first record of a file, without its byte order mark. Null when it is malformed. */
export function parseHeader(line: Buffer): readonly string[] | null {
  const fields = isUtf8(line) ? parseRecord(line) : 'broken';
  return typeof fields === 'string' ? null : fields;
}

function withoutLineEnding(line: Buffer): Buffer {
  let end = line.length;
  if (line[end - 1] === LF) end -= 1;
  if (line[end - 1] === CR) end -= 1;
  return line.subarray(0, end);
}
