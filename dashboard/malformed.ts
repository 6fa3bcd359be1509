import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from './api.ts';
import { answerProblem } from './problems.ts';
import { SECURITY_HEADERS } from './security.ts';

/** Answers a request whose path is no valid encoding. It reaches no route, and none of the hooks. */
export function answerBadPath(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
  report: (error: Error) => void,
): void {
  answerProblem(error, request, reply.headers(SECURITY_HEADERS), report);
}

/**
 * Answers what cannot be read as a request, and ends the connection. There is no request or reply to answer
 * by.
 */
export function answerUnreadable({ code }: ConnectionError, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return;
  const { status, message, hint } = unreadable(code);
  const problem: Problem = { error: { code: 'request:invalid', message, hint } };
  const body = JSON.stringify(problem);
  const headers = {
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function unreadable(code: string | undefined): { status: number; message: string; hint: string | null } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        message: 'The address or the headers are too long',
        hint: 'Shorten the address.',
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, message: 'The request did not come to its end in time', hint: null };
    default:
      return { status: 400, message: 'This is no HTTP request', hint: null };
  }
}
