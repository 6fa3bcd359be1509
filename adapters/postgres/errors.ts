import { DatabaseError } from 'pg';
import type { ErrorCode } from '../../core/error-codes.ts';
import { EventlakeError } from '../../core/errors.ts';

/** What a failure of one kind is called, and what to do about it. */
interface Meaning {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retriable?: boolean;
}

const UNREACHABLE: Meaning = {
  code: 'warehouse:unreachable',
  hint: 'Is PostgreSQL running, and is WAREHOUSE_URL right? Nothing was recorded as published: run this again.',
  retriable: true,
};
const BUSY: Meaning = {
  code: 'warehouse:busy',
  hint: 'Nothing was recorded as published: run this again.',
  retriable: true,
};
const REJECTED: Meaning = {
  code: 'warehouse:rejected',
  hint: "Nothing of this version is published: correct the rows, or the model's SQL, so that the table can hold them.",
};
const UNAUTHORIZED: Meaning = {
  code: 'warehouse:unauthorized',
  hint: 'Check the user, password and database of WAREHOUSE_URL.',
};
const ALTERED: Meaning = {
  code: 'warehouse:altered',
  hint: 'Undo the change in PostgreSQL, or drop the table and its row in eventlake_published: it is then made and filled again.',
};

/**
 * By the longest beginning of {@link https://www.postgresql.org/docs/15/errcodes-appendix.html SQLSTATE}:
 * what passes by itself is retried.
 */
const BY_SQLSTATE: Readonly<Record<string, Meaning>> = {
  '08': UNREACHABLE,
  '21000': REJECTED,
  '22': REJECTED,
  '23': REJECTED,
  // After a failover, the server that was written to is a standby.
  '25006': BUSY,
  '25P03': BUSY,
  '28': UNAUTHORIZED,
  '3D000': UNAUTHORIZED,
  '40': BUSY,
  '42501': {
    code: 'warehouse:forbidden',
    hint: 'Grant the user of WAREHOUSE_URL what it needs: docs/warehouse.md lists it.',
  },
  '42703': ALTERED,
  '42804': ALTERED,
  '42883': ALTERED,
  '42P01': ALTERED,
  '42P10': ALTERED,
  '53': BUSY,
  '54': REJECTED,
  '55P03': BUSY,
  '57': UNREACHABLE,
  '57014': BUSY,
};
const OTHER: Meaning = { code: 'warehouse:refused', hint: 'The message is that of PostgreSQL.' };

/** The SQLSTATE of a table that does not exist. */
export const UNDEFINED_TABLE = '42P01';

/** Whether the server said this SQLSTATE. */
export function hasState(error: unknown, state: string): boolean {
  return error instanceof DatabaseError && error.code === state;
}

/** What failed, as something that a person can act on. `description` says what was written to. */
export function explain(error: unknown, description: string): EventlakeError {
  if (error instanceof EventlakeError) return error;
  const { message } = error as Error;
  if (!(error instanceof DatabaseError))
    return fault(UNREACHABLE, `${description}: ${message || 'no answer'}`, error);
  const { code: state = '', detail, where } = error;
  const meaning = BY_SQLSTATE[state] ?? BY_SQLSTATE[state.slice(0, 2)] ?? OTHER;
  // PostgreSQL repeats the value that it refuses, however long it is.
  const parts = [message, detail, where].flatMap((part) => (part ? [part.slice(0, 300)] : []));
  return fault(meaning, `${description}: ${parts.join('; ')} [SQLSTATE ${state}]`, error);
}

/** An error of the adapter's own about a table that is not as it was made. */
export function altered(description: string, what: string): EventlakeError {
  return fault(ALTERED, `${description}: ${what}`);
}

function fault({ code, hint, retriable = false }: Meaning, message: string, cause?: unknown) {
  return new EventlakeError(code, message, { hint, retriable, cause });
}
