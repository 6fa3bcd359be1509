/** Why a line could not become an event; docs/data-rules.md says when each is given. */
export type DeadReason =
  | 'line:invalid_utf8'
  | 'line:broken_quote'
  | 'line:too_long'
  | 'line:wrong_field_count'
  | 'line:not_json';

/** A line that could not become an event. `raw` is without its line ending. */
export interface DeadLine {
  readonly reason: DeadReason;
  readonly detail: string;
  readonly raw: Buffer;
}

/** A record of another number of fields than the header has; `raw` is without its line ending. */
export function wrongFieldCount(fields: number, header: number, raw: Buffer): DeadLine {
  const detail = `${fields} fields where the header has ${header}`;
  return { reason: 'line:wrong_field_count', detail, raw: Buffer.from(raw) };
}

/**
 * Where the fields of plain records lie: field f of record i begins at `starts[i * each + f]`, and ends one
 * before the next begins. Plain is a record of one line in which each delimiter parts two fields and nothing
 * needs escaping in JSON.
 */
export interface PlainFields {
  readonly starts: readonly number[];
  /** One more than a record has fields. */
  readonly each: number;
}

/**
 * The records of consecutive bytes of a file, in order. Record i is `rows[i]` (its fields, null where `plain`
 * has them, or why it has none), begins on physical line `lines[i]` of the file and ends at byte `ends[i]` of
 * `bytes`. Bytes that belong to no record (blank lines) are in `bytes` too.
 */
export interface RecordGroup {
  readonly bytes: Buffer;
  readonly rows: readonly (readonly string[] | DeadLine | null)[];
  readonly lines: readonly number[];
  readonly ends: readonly number[];
  /** Number of the physical line on which the next group begins. */
  readonly nextLine: number;
  /** Where the fields lie, when all records that have some are plain. */
  readonly plain: PlainFields | null;
  /** True when the group ends within a line that is too long: nobody can continue reading from there. */
  readonly withinLine: boolean;
  /** Bytes after the last group that are left for a later run, as their record is still being written. */
  readonly left?: number;
}

/** The fields of record `index`, or why it has none. */
export function fieldsOf({ rows, bytes, plain }: RecordGroup, index: number): readonly string[] | DeadLine {
  return rows[index] ?? (plain ? plainTexts(bytes, plain, index) : []);
}

/** The fields of plain record `index` as texts. */
function plainTexts(bytes: Buffer, { starts, each }: PlainFields, index: number): string[] {
  const own = starts.slice(index * each, (index + 1) * each);
  return own.slice(1).map((next, i) => bytes.toString('utf8', own[i], next - 1));
}
