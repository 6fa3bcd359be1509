import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UsageError } from '../core/errors.ts';
import { isOfApi } from './addresses.ts';
import { HEALTH_PATH } from './routes/health.ts';

/**
 * Answers only those who bring the token: programs as `Authorization: Bearer`, browsers as a cookie, which a
 * visit to any address of the page with `?token=` sets. The cookie holds a digest, so that the token cannot
 * be read from it.
 */
export function requireToken(app: FastifyInstance, token: string): void {
  const session = createHmac('sha256', token).update('eventlake dashboard session').digest('base64url');
  app.addHook('onRequest', async (request, reply) => {
    const [path = '', query] = request.url.split('?', 2);
    if (path === HEALTH_PATH) return;
    const isPage = request.method === 'GET' && !isOfApi(path);
    const given = isPage ? new URLSearchParams(query).get('token') : null;
    if (given !== null && isSame(given, token)) return logIn(request, reply, session);
    if (isSame(bearerOf(request), token) || isSame(cookieOf(request), session)) return;
    reply.header('www-authenticate', 'Bearer');
    if (isPage) return sendPage(reply.code(401), loginPage(path, given !== null));
    throw new UsageError('request:no_token', 'The dashboard asks for its token', {
      hint: 'Open the address with ?token= that it printed, or send the token as Authorization: Bearer.',
    });
  });
}

/**
 * Sets the cookie and opens the same address without the token. By a page, not by a redirect: a redirect that
 * another site's link has led to would come without a cookie that is SameSite=Strict.
 */
function logIn(request: FastifyRequest, reply: FastifyReply, session: string): FastifyReply {
  const [path = '', query] = request.url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.delete('token');
  const address = parameters.size > 0 ? `${local(path)}?${parameters}` : local(path);
  reply.header('set-cookie', `${cookieName(request)}=${session}; Path=/; HttpOnly; SameSite=Strict`);
  return sendPage(
    reply,
    `<meta http-equiv="refresh" content="0;url=${escaped(address)}"><title>eventlake</title>`,
  );
}

function loginPage(path: string, isWrong: boolean): string {
  return `<title>eventlake: log in</title>
<h1>Log in</h1>
${isWrong ? '<p role="alert">This is not the token.</p>' : ''}
<p>This dashboard asks for a token. The command that started it has printed one, or DASHBOARD_TOKEN holds it.</p>
<form action="${escaped(local(path))}">
<label>Token <input type="password" name="token" required autofocus autocomplete="current-password"></label>
<button>Log in</button>
</form>`;
}

function sendPage(reply: FastifyReply, content: string): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
${content}
</html>
`);
}

/** Cookies are shared by all ports of a host, and another dashboard may run at another port. */
function cookieName({ socket }: FastifyRequest): string {
  return `eventlake_${socket.localPort ?? 0}`;
}

function cookieOf(request: FastifyRequest): string {
  const prefix = `${cookieName(request)}=`;
  const cookies = (request.headers.cookie ?? '').split(/; */);
  return cookies.find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length) ?? '';
}

function bearerOf({ headers: { authorization = '' } }: FastifyRequest): string {
  return /^Bearer (.+)$/i.exec(authorization)?.[1] ?? '';
}

/** Compares digests, in a time that does not tell how much of the text is right. */
function isSame(text: string, other: string): boolean {
  const digest = (of: string) => createHash('sha256').update(of).digest();
  return timingSafeEqual(digest(text), digest(other));
}

/** Two slashes at the beginning would name another host. */
function local(path: string): string {
  return `/${path.replace(/^[/\\]+/, '')}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"';]/g, (character) => `&#${character.charCodeAt(0)};`);
}
