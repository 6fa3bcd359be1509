import type { App } from '../app.ts';

/** Asked by what keeps the server running; it says nothing of the data, and asks for no token. */
export const HEALTH_PATH = '/healthz';

/** Answers while the server does. */
export function healthRoute(app: App): void {
  app.get(HEALTH_PATH, { schema: { hide: true } }, async (_, reply) =>
    reply.type('text/plain; charset=utf-8').send('ok\n'),
  );
}
