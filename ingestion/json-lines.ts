import { isUtf8 } from 'node:buffer';
import { exactJson } from '../core/exact-json.ts';
import { withoutLineEnding } from './csv-record.ts';
import type { Block } from './lines.ts';
import type { DeadLine, RecordGroup } from './record-group.ts';
import { toGroups } from './records.ts';

const LF = 0x0a;

/** So many digits of a number may be more than a double holds. */
const LONG_NUMBER = /[\d.]{16}/;

/**
 * The records of a file with one JSON object a line (NDJSON). A record has two fields: the object, and the
 * text of its member `key`, empty when it has none. Other parameters as of `toRecords`.
 */
export function toJsonRecords(
  blocks: AsyncIterable<Block>,
  firstLine: number,
  key: string,
  isComplete?: (ended: boolean) => Promise<boolean>,
): AsyncGenerator<RecordGroup> {
  return toGroups(blocks, firstLine, (bytes, line) => parseLines(bytes, line, key), isComplete);
}

function parseLines(bytes: Buffer, firstLine: number, key: string): RecordGroup {
  const rows: (readonly string[] | DeadLine)[] = [];
  const lines: number[] = [];
  const ends: number[] = [];
  let line = firstLine;
  for (let start = 0; start < bytes.length; line += 1) {
    const feed = bytes.indexOf(LF, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    const raw = withoutLineEnding(bytes.subarray(start, end));
    start = end;
    if (raw.toString('latin1').trim() === '') continue;
    rows.push(parseObject(raw, key));
    lines.push(line);
    ends.push(end);
  }
  return { bytes, rows, lines, ends, nextLine: line, plain: null, withinLine: false };
}

function parseObject(raw: Buffer, key: string): readonly [object: string, key: string] | DeadLine {
  const dead = (reason: DeadLine['reason'], detail: string) => ({ reason, detail, raw: Buffer.from(raw) });
  if (!isUtf8(raw)) return dead('line:invalid_utf8', 'the line is not UTF-8');
  const text = raw.toString();
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch (error) {
    return dead('line:not_json', (error as Error).message);
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    return dead('line:not_json', 'the line is JSON, but no object');
  if (!LONG_NUMBER.test(text)) return [text, keyText((object as Record<string, unknown>)[key])];
  const whole = withExactNumbers(text);
  return [JSON.stringify(whole), keyText(whole[key])];
}

/** A value as the key of its event. */
function keyText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * The object with its long numbers as texts, and those of inner values as they are written: readers of JSON
 * take numbers for doubles, which hold 15 digits.
 */
function withExactNumbers(text: string): Record<string, unknown> {
  const object = exactJson.parse(text, (_name, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? exactJson.rawJSON(source)
      : value,
  ) as Record<string, unknown>;
  for (const [name, value] of Object.entries(object))
    if (exactJson.isRawJSON(value)) object[name] = value.rawJSON;
  return object;
}
