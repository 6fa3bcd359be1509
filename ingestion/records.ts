import { isUtf8 } from 'node:buffer';
import { countQuotes, parseRecord, withoutLineEnding } from './csv-record.ts';
import { COMMAS, type Dialect } from './dialect.ts';
import { type Block, MAX_RECORD_BYTES } from './lines.ts';
import { plainRecords } from './plain-records.ts';
import { type DeadLine, type DeadReason, type RecordGroup, wrongFieldCount } from './record-group.ts';

const LF = 0x0a;
/**
 * Finds the records of whole physical lines. What it leaves of them is a record that may continue, unless
 * they are the `last`.
 */
type ParseLines = (bytes: Buffer, firstLine: number, last: boolean) => RecordGroup;

/**
 * Parses blocks whose first physical line has the number `firstLine`; a record must have `fieldCount` fields.
 * `isComplete` is asked at the end of the file, with whether that is the end of a line: when it says no, a
 * last record that is not ended is left.
 */
export function toRecords(
  blocks: AsyncIterable<Block>,
  firstLine: number,
  fieldCount: number,
  isComplete?: (ended: boolean) => Promise<boolean>,
  dialect: Dialect = COMMAS,
): AsyncGenerator<RecordGroup> {
  const parse: ParseLines = (bytes, line, last) => parseLines(bytes, line, fieldCount, last, dialect);
  return toGroups(blocks, firstLine, parse, isComplete);
}

/** As {@link toRecords}, for any kind of records. */
export async function* toGroups(
  blocks: AsyncIterable<Block>,
  firstLine: number,
  parse: ParseLines,
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
        const group = parse(ended, line, false);
        yield { ...group, left: bytes.length - group.bytes.length };
        return;
      }
      const group = parse(bytes, line, block.last);
      open = bytes.subarray(group.bytes.length);
      line = group.nextLine;
      yield group;
      continue;
    }
    if (open.length > 0) {
      // The record that is still open would take in an overlong line: it is broken.
      const group = parse(open, line, true);
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
      plain: null,
      withinLine: !ended,
    };
  }
}

function tooLong(raw: Buffer): DeadLine {
  const detail = `longer than ${MAX_RECORD_BYTES} bytes; the first ${MAX_RECORD_BYTES} are kept`;
  return { reason: 'line:too_long', detail, raw };
}

/**
 * Collects the records of whole physical lines; what it leaves unconsumed is a record that may continue after
 * `bytes`.
 */
function parseLines(
  bytes: Buffer,
  firstLine: number,
  fieldCount: number,
  last: boolean,
  dialect: Dialect,
): RecordGroup {
  const { delimiter } = dialect;
  const quoteByte = dialect.quote?.charCodeAt(0) ?? null;
  const easy = (quoteByte === null || !bytes.includes(quoteByte)) && isUtf8(bytes);
  const plain = easy ? plainRecords(bytes, firstLine, fieldCount, delimiter) : null;
  if (plain) return plain;
  const starts = lineStarts(bytes);
  const rows: (readonly string[] | DeadLine)[] = [];
  const lines: number[] = [];
  const ends: number[] = [];
  const push = (row: readonly string[] | DeadLine, index: number, end: number) => {
    rows.push(row);
    lines.push(firstLine + index);
    ends.push(end);
  };
  const slice = (index: number, stop: number) => bytes.subarray(starts[index], starts[stop]);
  const rawOf = (index: number) => withoutLineEnding(slice(index, index + 1));
  const dead = (line: DeadLine, index: number) => push(line, index, starts[index + 1] ?? bytes.length);
  const broken = (reason: DeadReason, detail: string, index: number) =>
    dead({ reason, detail, raw: Buffer.from(rawOf(index)) }, index);
  const accept = (fields: readonly string[], index: number, stop: number): number => {
    if (fields.length === fieldCount) push(fields, index, starts[stop] ?? bytes.length);
    else {
      dead(wrongFieldCount(fields.length, fieldCount, rawOf(index)), index);
      return index + 1;
    }
    return stop;
  };

  const count = starts.length - 1;
  let index = 0;
  while (index < count) {
    let stop = easy ? count : easyUntil(bytes, starts, index, quoteByte);
    if (stop > index) {
      // Without quotes every physical line is one record, and every delimiter parts two fields: five times as
      // fast as the parser.
      const segment = slice(index, stop).toString();
      for (const line of segment.split('\n')) {
        if (index === stop) break;
        const text = line.endsWith('\r') ? line.slice(0, -1) : line;
        if (text === '') index += 1;
        else index = accept(text.split(delimiter), index, index + 1);
      }
      continue;
    }
    const first = slice(index, index + 1);
    if (!isUtf8(first)) {
      broken('line:invalid_utf8', 'the line is not UTF-8', index);
      index += 1;
      continue;
    }
    stop = index + 1;
    // Within a record a line feed is quoted when the quotes before it are odd in number, so that each record
    // is parsed only once.
    let quotes = countQuotes(first, false, dialect);
    while (quotes % 2 === 1 && stop < count) {
      const quote = bytes.indexOf(quoteByte ?? LF, starts[stop]);
      const limit = (starts[index] ?? 0) + MAX_RECORD_BYTES;
      if (quote < 0 || quote >= limit) break;
      while ((starts[stop] ?? Infinity) <= quote) stop += 1;
      quotes += countQuotes(slice(stop - 1, stop), true, dialect);
    }
    const outcome = quotes % 2 === 1 ? 'open' : parseRecord(slice(index, stop), dialect);
    const start = starts[index] ?? 0;
    const end = starts[stop] ?? bytes.length;
    if (outcome === 'open' && !last && bytes.length - start <= MAX_RECORD_BYTES) break;
    const size = end - start - (bytes[end - 1] === LF ? 1 : 0);
    if (outcome === 'open' || outcome === 'broken' || size > MAX_RECORD_BYTES) {
      broken('line:broken_quote', 'a quote stands where none may, or is not closed in time', index);
      index += 1;
    } else if (!isUtf8(bytes.subarray(start, end))) {
      broken('line:invalid_utf8', 'the record is not UTF-8', index);
      index += 1;
    } else index = accept(outcome, index, stop);
  }
  const consumed = bytes.subarray(0, starts[index] ?? bytes.length);
  return { bytes: consumed, rows, lines, ends, nextLine: firstLine + index, plain: null, withinLine: false };
}

/** Offsets of the physical lines, and the end of the last. */
function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) starts.push(at + 1);
  if (starts.at(-1) !== bytes.length) starts.push(bytes.length);
  return starts;
}

/**
 * The first physical line from `index` on that has a quote or is not UTF-8; `index` itself when it is that
 * line.
 */
function easyUntil(bytes: Buffer, starts: readonly number[], index: number, quote: number | null): number {
  let stop = index;
  for (; stop < starts.length - 1; stop += 1) {
    const line = bytes.subarray(starts[stop], starts[stop + 1]);
    if ((quote !== null && line.includes(quote)) || !isUtf8(line)) break;
  }
  return stop;
}
