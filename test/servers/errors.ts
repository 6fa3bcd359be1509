/**
 * A fault of the tests' servers or tools that a person can act on. `code` is stable, `hint` says what to do.
 */
export class ServerError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, { hint, cause }: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'ServerError';
    this.code = code;
    this.hint = hint;
  }
}
