import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { isOfApi, isView } from '../addresses.ts';
import type { Problem } from '../api.ts';
import type { App } from '../app.ts';

const NOT_BUILT = `The page is not built.

  In the project's folder: make dashboard
  The API works without it, and is described at /openapi.json
`;

/**
 * The page: one document for the address of every view. Where nothing is, it says so, with the status 404.
 */
export async function pageRoute(app: App, folder: string): Promise<void> {
  const isBuilt = existsSync(join(folder, 'index.html'));
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      cacheControl: false,
      setHeaders: (reply, path) => {
        // Names of assets hold a digest of what is in them.
        const isAsset = path.startsWith(join(folder, 'assets'));
        reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const wantsPage =
      request.method === 'GET' && (isView(path) || request.headers.accept?.includes('text/html'));
    if (!wantsPage || isOfApi(path)) {
      const body: Problem = {
        error: {
          code: 'request:unknown_route',
          message: `There is no ${request.method} ${path}`,
          hint: 'See /openapi.json',
        },
      };
      return reply.code(404).send(body);
    }
    if (!isBuilt) return reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT);
    return reply
      .code(isView(path) ? 200 : 404)
      .header('cache-control', 'no-cache')
      .sendFile('index.html');
  });
}
