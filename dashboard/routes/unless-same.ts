import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** The answer of a route for a document that the asker has already. */
export const unchanged = { 304: z.undefined().describe('The document is the one that If-None-Match names.') };

/**
 * Sends a document with its ETag, or 304 where the request names this ETag in If-None-Match (RFC 9110,
 * 13.1.2).
 */
export function unlessSame<T>(request: FastifyRequest, reply: FastifyReply, document: T): T | FastifyReply {
  const digest = createHash('sha256').update(JSON.stringify(document)).digest('base64url');
  const tag = `"${digest.slice(0, 22)}"`;
  reply.header('etag', tag);
  const known = (request.headers['if-none-match'] ?? '').split(/ *, */);
  if (!known.some((one) => one === '*' || one.replace(/^W\//, '') === tag)) return document;
  return reply.code(304).send();
}
