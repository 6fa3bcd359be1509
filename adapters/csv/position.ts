import { EventlakeError } from '../../core/errors.ts';
import type { ExportPosition } from '../../core/event-file.ts';

/**
 * The sidecar's text:
 * `{"bytes": N, "log": "<log id>", "next": {"events/0": "12", …}, "rows": N, "rejected": N}`.
 */
export function positionText(bytes: number, { log, next, rows, rejected }: ExportPosition): string {
  const offsets = Object.fromEntries(Array.from(next, ([partition, offset]) => [partition, String(offset)]));
  return `${JSON.stringify({ bytes, log, next: offsets, rows, rejected })}\n`;
}

/** @throws `csv:damaged` when it is not what {@link positionText} writes */
export function parsePosition(text: string, path: string): { bytes: number; position: ExportPosition } {
  try {
    const { bytes, log, next, rows, rejected } = JSON.parse(text);
    const numbers = [bytes, rows, rejected];
    if (typeof log !== 'string' || !numbers.every((n) => Number.isSafeInteger(n) && n >= 0))
      throw new Error('keys');
    const offsets = Object.entries(next).map(([id, offset]) => [id, BigInt(offset as string)] as const);
    return { bytes, position: { log, next: new Map(offsets), rows, rejected } };
  } catch (cause) {
    throw new EventlakeError('csv:damaged', `${path} is not as an export writes it`, {
      hint: 'Restore it, or delete it with its CSV file: everything that the log has is then exported again.',
      cause,
    });
  }
}
