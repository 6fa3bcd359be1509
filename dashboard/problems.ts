import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { EventlakeError, UsageError } from '../core/errors.ts';
import type { Problem } from './api.ts';

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  'lake:missing': 404,
  'report:unknown': 404,
  'report:no_facts': 404,
  'dataset:no_model': 404,
  'dataset:no_live': 404,
  'dataset:unknown': 404,
  'entity:unknown': 404,
  'table:unknown': 404,
  'request:no_role': 400,
  'request:no_token': 401,
  'request:unknown_column': 400,
};
const BUSY = 503;
/** A person must do something about the stores first. */
const CONFLICT = 409;
const RETRY_SECONDS = 1;

/**
 * Says an error as status and document. Only what is a fault of eventlake itself is 500, and only that is
 * told to `report`.
 */
export function answerProblem(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
  report: (error: Error) => void,
): FastifyReply {
  const { status, code, message, hint } = problemOf(error, request);
  if (status >= 500 && status !== BUSY) report(error);
  if (status === BUSY) reply.header('retry-after', RETRY_SECONDS);
  const body: Problem = { error: { code, message, hint } };
  return reply.code(status).header('cache-control', 'no-store').type('application/json').send(body);
}

/** The error as a status and what to say. */
export function problemOf(error: Error, request: FastifyRequest) {
  if (error instanceof EventlakeError) {
    const { code, message, hint = null } = error;
    return { status: statusOf(error), code, message, hint };
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const said = error.validation.map(
      ({ instancePath, message }) => `${instancePath.slice(1) || 'it'}: ${message}`,
    );
    const message = `${request.method} ${request.url.split('?')[0]}: ${said.join('; ')}`;
    return { status: 400, code: 'request:invalid', message, hint: '/openapi.json says what it may hold.' };
  }
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status < 500) return { status, code: 'request:invalid', message: error.message, hint: null };
  const message = 'This is a fault of eventlake itself; the terminal says more.';
  return { status: 500, code: 'dashboard:fault', message, hint: null };
}

function statusOf(error: EventlakeError): number {
  const known = STATUS_OF_CODE[error.code];
  if (known !== undefined) return known;
  if (error instanceof UsageError) return 400;
  // Also a timeout: what is answered with 408, browsers send again by themselves.
  if (error.code.startsWith('sql:') && !error.retriable) return 422;
  return error.retriable ? BUSY : CONFLICT;
}
