import { isUtf8 } from 'node:buffer';

/** What one record of a file is by docs/data-rules.md: its values, or the reason that turns it away. */
export interface PlainRecord {
  readonly line: number;
  readonly reason: string | null;
  readonly values: readonly string[];
}

const LIMIT = 131_072;
const COLUMNS = [
  'event_time',
  'event_type',
  'product_id',
  'category_id',
  'category_code',
  'brand',
  'price',
  'user_id',
  'user_session',
];

/** Where a well-formed record ends that begins at `start`, and its fields; null if its quotes are broken. */
function delimit(text: string, start: number): { end: number; fields: string[] } | null {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    let field = '';
    if (text[at] === '"') {
      for (at++; ; at++) {
        if (at >= text.length || at - start > LIMIT) return null;
        if (text[at] !== '"') field += text[at];
        else if (text[at + 1] === '"') field += text[at++];
        else break;
      }
      at++;
      if (at < text.length && !/^(,|\r?\n)/.test(text.slice(at, at + 2))) return null;
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\n') {
        if (text[at] === '"') return null;
        field += text[at++];
      }
      if (text[at] === '\n' && field.endsWith('\r')) field = field.slice(0, -1);
    }
    fields.push(field);
    if (text[at] === '\r') at++;
    if (at >= text.length || text[at] === '\n') return { end: at + 1, fields };
    at++;
  }
}

/** The first rule of the electronics contract that the values break, checked column by column. */
function brokenRule(values: readonly string[]): string | null {
  for (const [i, column] of COLUMNS.entries()) {
    const value = values[i] ?? '';
    if (value === '') {
      if (!['category_code', 'brand', 'user_session'].includes(column)) return `${column}:missing`;
    } else if (column === 'event_time') {
      const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(value);
      const time = parts ? new Date(`${parts[1]}T${parts[2]}Z`) : new Date(Number.NaN);
      if (Number.isNaN(time.getTime()) || time.toISOString().slice(0, 10) !== parts?.[1])
        return `${column}:not_a_timestamp`;
    } else if (column === 'event_type') {
      if (!['view', 'cart', 'remove_from_cart', 'purchase'].includes(value)) return `${column}:not_allowed`;
    } else if (column.endsWith('_id')) {
      if (!/^-?[0-9]+$/.test(value)) return `${column}:not_an_integer`;
      if (BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) return `${column}:out_of_range`;
      if (BigInt(value) < 0n) return `${column}:below_minimum`;
    } else if (column === 'price') {
      if (!/^-?[0-9]+(\.[0-9]+)?$/.test(value)) return `${column}:not_a_number`;
      if (/\.\d\d\d*[1-9]/.test(value)) return `${column}:too_precise`;
      if (/^-?0*[1-9]\d{10}/.test(value)) return `${column}:out_of_range`;
      if (value.startsWith('-')) return `${column}:below_minimum`;
    }
  }
  return null;
}

/** Reads a whole file, slowly and plainly, one character a byte; the header is not among the records. */
export function readPlainly(bytes: Buffer): PlainRecord[] {
  const text = bytes.toString('latin1');
  const records: PlainRecord[] = [];
  let start = 0;
  for (let line = 1; start < text.length; ) {
    const lineEnd = text.indexOf('\n', start) < 0 ? text.length : text.indexOf('\n', start) + 1;
    const first = text.slice(start, lineEnd).replace(/\r?\n$/, '');
    let reason: string | null = null;
    let values: string[] = [];
    let end = lineEnd;
    const record = first.length > LIMIT ? null : delimit(text, start);
    if (first === '') reason = 'blank';
    else if (first.length > LIMIT) reason = 'line:too_long';
    else if (record === null) reason = 'line:broken_quote';
    else if (!isUtf8(bytes.subarray(start, record.end))) reason = 'line:invalid_utf8';
    else if (record.fields.length !== COLUMNS.length) reason = 'line:wrong_field_count';
    else {
      end = record.end;
      values = record.fields.map((field) => Buffer.from(field, 'latin1').toString('utf8'));
      reason = brokenRule(values);
    }
    if (line > 1 && reason !== 'blank') records.push({ line, reason, values });
    line += text.slice(start, end).split('\n').length - 1;
    start = end;
  }
  return records;
}
