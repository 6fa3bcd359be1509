import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eventEncoder } from '../../ingestion/events.ts';
import { toBlocks } from '../../ingestion/lines.ts';
import { fieldsOf } from '../../ingestion/record-group.ts';
import { toRecords } from '../../ingestion/records.ts';
import { encodedEvent } from './fixtures.ts';

const MAX = 131_072;
const [LF, CR, QUOTE, COMMA] = [0x0a, 0x0d, 0x22, 0x2c];

/** A record: its fields or its reason, the line on which it begins, the byte at which it ends. */
interface Read {
  readonly row: readonly string[] | { reason: string; raw: string };
  readonly line: number;
  readonly end: number;
}

/** The rules of docs/data-rules.md, one byte after the other. */
function reference(bytes: Buffer, firstLine: number, fieldCount: number): Read[] {
  const found: Read[] = [];
  let line = firstLine;
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(LF, start);
    const next = feed < 0 ? bytes.length : feed + 1;
    const first = bytes.subarray(start, feed < 0 ? next : feed);
    const text = first.at(-1) === CR ? first.subarray(0, -1) : first;
    const dead = (reason: string) =>
      found.push({ row: { reason, raw: text.subarray(0, MAX).toString('latin1') }, line, end: next });
    if (text.length > 0) {
      const record =
        first.length > MAX ? 'line:too_long' : !isUtf8(first) ? 'line:invalid_utf8' : recordAt(bytes, start);
      if (typeof record === 'string') dead(record);
      else if (record.fields.length !== fieldCount) dead('line:wrong_field_count');
      else {
        found.push({ row: record.fields, line, end: record.next });
        line += bytes.subarray(start, record.next).filter((byte) => byte === LF).length;
        start = record.next;
        continue;
      }
    }
    line += 1;
    start = next;
  }
  return found;
}

function recordAt(bytes: Buffer, start: number): { fields: string[]; next: number } | string {
  const fields: string[] = [];
  /** Length of the line ending at `at`; -1 when there is none. */
  const ending = (at: number) => {
    if (at >= bytes.length) return 0;
    if (bytes[at] === LF) return 1;
    if (bytes[at] !== CR) return -1;
    return at + 1 === bytes.length ? 1 : bytes[at + 1] === LF ? 2 : -1;
  };
  for (let at = start; ; at += 1) {
    const field: number[] = [];
    if (bytes[at] === QUOTE) {
      for (at += 1; bytes[at] !== QUOTE || bytes[at + 1] === QUOTE; at += 1) {
        if (at >= bytes.length) return 'line:broken_quote';
        field.push(bytes[at] ?? 0);
        if (bytes[at] === QUOTE) at += 1;
      }
      at += 1;
      if (bytes[at] !== COMMA && ending(at) < 0) return 'line:broken_quote';
    } else {
      for (; bytes[at] !== COMMA && ending(at) < 0; at += 1) {
        if (bytes[at] === QUOTE) return 'line:broken_quote';
        field.push(bytes[at] ?? 0);
      }
    }
    fields.push(Buffer.from(field).toString());
    if (bytes[at] === COMMA) continue;
    const carriageReturn = bytes[at] === CR ? 1 : 0;
    if (at + carriageReturn - start > MAX) return 'line:broken_quote';
    if (!isUtf8(bytes.subarray(start, at))) return 'line:invalid_utf8';
    return { fields, next: at + ending(at) };
  }
}

/** The records of `pieces`, with the groups' bytes put together again. */
async function read(
  pieces: readonly Buffer[],
  firstLine: number,
  fieldCount: number,
): Promise<{ found: Read[]; bytes: Buffer; nextLine: number }> {
  const found: Read[] = [];
  const all: Buffer[] = [];
  const names = Array.from({ length: fieldCount }, (_, column) => `c${column}`);
  const columns = names.map((name) => ({ name, type: 'string', required: false }) as const);
  const encoder = eventEncoder({ name: 'd', key: 'c0', columns }, names, 'file.csv');
  let [at, nextLine] = [0, firstLine];
  const stream = (async function* () {
    yield* pieces;
  })();
  for await (const group of toRecords(toBlocks(stream), firstLine, fieldCount)) {
    for (const i of group.rows.keys()) {
      const row = fieldsOf(group, i);
      const plain = 'reason' in row ? { reason: row.reason, raw: row.raw.toString('latin1') } : [...row];
      found.push({ row: plain, line: group.lines[i] ?? -1, end: at + (group.ends[i] ?? -1) });
      if (group.plain && !('reason' in row)) {
        const fields = row.map((field, column) => [names[column], field || null]);
        expect(String(encodedEvent(encoder, group, i).value)).toBe(
          JSON.stringify(Object.fromEntries(fields)),
        );
      }
    }
    all.push(Buffer.from(group.bytes));
    at += group.bytes.length;
    nextLine = group.nextLine;
  }
  return { found, bytes: Buffer.concat(all), nextLine };
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** What random text is made of; long pieces are written short, so that a counterexample can be read. */
const PIECES = {
  ...Object.fromEntries(
    ['a', 'b', ',', '"', '\n', '\r\n', '\r', ' ', 'é', '💶', '\\', '\t', '\0', '\u2028', '\ufeff'].map(
      (text) => [text, text],
    ),
  ),
  ...Object.fromEntries(
    ['a,b\n', '"a","b"\n', '"a\nb",c\r\n', '"""",""\n', 'a,"b, ""c"""\n'].map((text) => [text, text]),
  ),
  'byte ff': Buffer.of(0xff),
  'half a character': Buffer.of(0xc3),
  'a surrogate': Buffer.of(0xed, 0xa0, 0x80),
  '60,000 letters': 'x'.repeat(60_000),
  '60,000 quotes': '"'.repeat(60_000),
  '11,072 letters': 'x'.repeat(11_072),
};
const common = Object.entries(PIECES)
  .filter(([, text]) => text.length < 100)
  .map(([name]) => name);
const long = Object.keys(PIECES).filter((name) => !common.includes(name));
const build = (names: readonly string[]) =>
  Buffer.concat(names.map((name) => Buffer.from(PIECES[name as keyof typeof PIECES] ?? '')));

/** Long texts as their length and digest. */
function brief({ row, line, end }: Read) {
  const short = (text: string) =>
    text.length < 100
      ? text
      : `${text.length} characters ${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  return { row: 'reason' in row ? { reason: row.reason, raw: short(row.raw) } : row.map(short), line, end };
}

async function check(text: Buffer, pieces: readonly Buffer[], fieldCount: number): Promise<void> {
  const actual = await read(pieces, 2, fieldCount);
  expect(actual.found.map(brief)).toEqual(reference(text, 2, fieldCount).map(brief));
  expect(actual.bytes.equals(text)).toBe(true);
  if (text.at(-1) === LF) expect(actual.nextLine).toBe(2 + text.filter((byte) => byte === LF).length);
}

describe('any bytes give the records of the rules, however the stream is cut, and no byte is lost', () => {
  const fieldCount = fc.integer({ min: 1, max: 3 });

  test('with short lines', async () => {
    const names = fc.array(fc.constantFrom(...common), { maxLength: 50 });
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    const property = fc.asyncProperty(names, sizes, fieldCount, async (parts, chunks, count) =>
      check(build(parts), cut(build(parts), chunks), count),
    );
    await fc.assert(property, { numRuns: 1500 });
  });

  test('with lines and records around the longest that are allowed', async () => {
    const names = fc.array(fc.oneof(fc.constantFrom(...common), fc.constantFrom(...long)), {
      minLength: 3,
      maxLength: 12,
    });
    const sizes = fc.array(fc.oneof(fc.integer({ min: 10_000, max: 200_000 }), fc.constant(131_072)), {
      minLength: 1,
      maxLength: 5,
    });
    const property = fc.asyncProperty(names, sizes, fieldCount, async (parts, chunks, count) =>
      check(build(parts), cut(build(parts), chunks), count),
    );
    await fc.assert(property, { numRuns: 150 });
  });
});
