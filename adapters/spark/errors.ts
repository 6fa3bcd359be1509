import { type ServiceError, status } from '@grpc/grpc-js';
import type { ErrorCode } from '../../core/error-codes.ts';
import { EventlakeError } from '../../core/errors.ts';

/** What a failure of one kind is called, and what to do about it. */
interface Meaning {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retriable?: boolean;
}

const UNREACHABLE: Meaning = {
  code: 'spark:unreachable',
  hint: 'Is the Spark Connect server running, and is SPARK_REMOTE right, with use_ssl=true if it speaks TLS?',
  retriable: true,
};
const UNAUTHORIZED: Meaning = {
  code: 'spark:unauthorized',
  hint: 'Check the token in SPARK_REMOTE: it must be the one that the server was started with.',
};
const SESSION_LOST: Meaning = {
  code: 'spark:session_lost',
  hint: 'The server was started again, or it closed the session after a long pause: run this again.',
  retriable: true,
};
const INTERRUPTED: Meaning = {
  code: 'spark:interrupted',
  hint: 'Run this again.',
};
const TIMEOUT: Meaning = {
  code: 'spark:timeout',
  hint: 'Is the cluster busy, or too small? Its page on port 8080 shows what runs.',
  retriable: true,
};
const FAILED: Meaning = { code: 'spark:failed', hint: 'The message is that of Spark; its log has more.' };

/** Error classes of Spark, by their beginning, that are not the statement's fault. */
const BY_CLASS: readonly (readonly [beginning: string, Meaning])[] = [
  ['OPERATION_CANCELED', INTERRUPTED],
  ['INVALID_HANDLE.SESSION_', SESSION_LOST],
  ['INVALID_HANDLE.OPERATION_', SESSION_LOST],
];
/** How much of a message is shown: Spark repeats whole plans. */
const LONGEST_MESSAGE = 1000;

/** Spark's error class, such as `TABLE_OR_VIEW_NOT_FOUND`; a message of Spark begins with it. */
export function classOf(error: unknown): string | undefined {
  return /\[([A-Z][A-Z0-9_.]+)\]/.exec((error as ServiceError).details ?? '')?.[1];
}

/**
 * Whether a call failed on its way, so that the server may be asked again. Spark's own errors have the status
 * INTERNAL, too, but say more in the call's trailers.
 */
export function isTransient(error: unknown): boolean {
  const { code, metadata } = error as ServiceError;
  if (code === status.UNAVAILABLE) return true;
  if (classOf(error) === 'INVALID_CURSOR.DISCONNECTED') return true;
  return code === status.INTERNAL && metadata?.get('grpc-status-details-bin').length === 0;
}

/** What failed, as something that a person can act on. */
export function explain(error: unknown, address: string): EventlakeError {
  if (error instanceof EventlakeError) return error;
  const { code, details, message } = error as ServiceError;
  const meaning = meaningOf(error, code);
  // Without the cause: it repeats the statement.
  return fault(meaning, address, brief(details || message));
}

/** An error of the adapter's own, in the words of its kind. */
export function unreachable(address: string, what: string, cause?: unknown): EventlakeError {
  return fault(UNREACHABLE, address, what, cause);
}

/** A statement that took longer than it may. */
export function timedOut(address: string, milliseconds: number): EventlakeError {
  return fault(TIMEOUT, address, `a statement was interrupted after ${milliseconds / 1000} s`);
}

/** A statement that this program itself has ended. */
export function interruption(address: string): EventlakeError {
  return fault(INTERRUPTED, address, 'a statement was interrupted');
}

/** A session that does not take what tables and values depend on. */
export function unsuitable(address: string, what: string, cause?: unknown): EventlakeError {
  const hint =
    'Remove the setting from the configuration of the Spark Connect server, or allow it to be changed.';
  return fault({ code: 'spark:unsuitable', hint }, address, what, cause);
}

function meaningOf(error: unknown, code: number): Meaning {
  const errorClass = classOf(error) ?? '';
  const known = BY_CLASS.find(([beginning]) => errorClass.startsWith(beginning));
  if (known !== undefined) return known[1];
  if (code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED) return UNAUTHORIZED;
  // DEADLINE_EXCEEDED is that of one request; a statement's is ours.
  if (isTransient(error) || code === status.DEADLINE_EXCEEDED) return UNREACHABLE;
  return FAILED;
}

/**
 * Without the statement and the stack that Spark appends: a statement may hold passwords.
 */
function brief(text: string): string {
  const [first = ''] = text.split(/\s*(?:\n== |\n\s*at |\nDriver stacktrace|JVM stacktrace)/);
  const line = first.trim().replaceAll(/\s*\n\s*/g, ' ');
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)} …` : line;
}

function fault({ code, hint, retriable = false }: Meaning, address: string, what: string, cause?: unknown) {
  return new EventlakeError(code, `Spark at ${address}: ${what}`, { hint, retriable, cause });
}
