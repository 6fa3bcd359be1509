import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { isOfApi } from './addresses.ts';
import type { Problem } from './api.ts';

/** Everything comes from this server, and nothing inline is run. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. */
export const SECURITY_HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Security headers on every answer, no caching of the API's answers, and a check of the Host header: a page
 * of another site whose name was pointed at this machine (DNS rebinding) comes with its own name, so that
 * only addresses, this machine's names and the one that was listened on are answered.
 */
export function secure(app: FastifyInstance, listenedOn: string): void {
  const names = new Set(['localhost', hostname().toLowerCase(), listenedOn.toLowerCase()]);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    // Entities' data should stay in no cache.
    if (isOfApi(request.url)) reply.header('cache-control', 'no-store');
    const host = (request.headers.host ?? '').replace(/:\d*$/, '').toLowerCase();
    if (names.has(host) || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0) return;
    const body: Problem = {
      error: {
        code: 'request:unknown_host',
        message: 'The request names a host that this server does not go by',
        hint: 'Open the address that the dashboard printed, or start it with --host <name>.',
      },
    };
    return reply.code(421).send(body);
  });
}
