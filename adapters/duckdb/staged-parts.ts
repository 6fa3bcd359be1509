import { isUtf8 } from 'node:buffer';
import type { RecordBatch } from '../../core/contracts.ts';
import type { RecordPart } from '../../core/dataset.ts';

/** A part beyond this many bytes is no value of a column. */
export const LARGE_PART = 16_384;
/** What a staged part takes at most, in base64 and with its separator. */
export const STAGED_PART = 22_000;

/**
 * Why a part cannot be a column's value: the second half of the reason, behind a character that base64 does
 * not have.
 */
export const BROKEN_PARTS = { '!too_large': 'too_large', '!invalid_utf8': 'invalid_utf8' } as const;
type BrokenPart = keyof typeof BROKEN_PARTS;

/** The staged column of the part with this number. */
export function partColumn(i: number): string {
  return `_part_${i}`;
}

/**
 * The other parts of a batch's records as fields of staged lines, each with a tab after it: base64, empty
 * where there is none, or one of {@link BROKEN_PARTS}.
 */
export function stagedParts(parts: readonly RecordPart[], { keys, headers }: RecordBatch) {
  if (parts.length === 0) return () => '';
  const lists = parts.map((part) => ('key' in part ? keys : headers?.get(part.header)));
  return (index: number) => lists.map((list) => `${stagedPart(list?.[index] ?? null)}\t`).join('');
}

function stagedPart(bytes: Buffer | null): string {
  if (bytes === null) return '';
  if (bytes.length > LARGE_PART) return '!too_large' satisfies BrokenPart;
  return isUtf8(bytes) ? bytes.toString('base64') : ('!invalid_utf8' satisfies BrokenPart);
}

/** The same of a column of bytes in SQL. */
export function stagedPartSql(bytes: string): string {
  return `CASE WHEN octet_length(${bytes}) > ${LARGE_PART} THEN '!too_large'
    WHEN ${bytes} IS NOT NULL AND try(decode(${bytes})) IS NULL THEN '!invalid_utf8' ELSE to_base64(${bytes}) END`;
}

/** The text of a staged part; null where there is none or it is broken. */
export function partText(i: number): string {
  return `CASE WHEN NOT starts_with(${partColumn(i)}, '!') THEN decode(from_base64(${partColumn(i)})) END`;
}
