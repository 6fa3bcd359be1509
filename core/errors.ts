import type { ErrorCode } from './error-codes.ts';

/** What an {@link EventlakeError} carries besides its message. */
export interface ErrorDetails {
  /** What the person reading the message should do next, as one sentence. */
  hint?: string;
  /** True when the same call may succeed if it is simply made again. */
  retriable?: boolean;
  cause?: unknown;
}

/**
 * An error that a person can act on.
 *
 * `code` is stable and names the subject and what is wrong with it (`log:offsets_missing`); programs test the
 * code, people read the message. The command line prints message and hint, never a stack trace.
 */
export class EventlakeError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retriable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'EventlakeError';
    this.code = code;
    this.hint = details.hint;
    this.retriable = details.retriable ?? false;
  }
}

/** A wrong command line, setting or dataset file: the command line exits with 2 instead of 1. */
export class UsageError extends EventlakeError {}

/** Whether `error` is an {@link EventlakeError} with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is EventlakeError {
  return error instanceof EventlakeError && error.code === code;
}
