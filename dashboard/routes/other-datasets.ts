import type { FastifyInstance } from 'fastify';
import { DATASETS_PATH } from '../addresses.ts';
import type { App } from '../app.ts';

/**
 * Hands what is asked below `/datasets/<name>/` on to the server of that dataset, as if it were asked at `/`.
 * `serverOf` opens it at the first request. The body is left for it to read.
 */
export async function otherDatasetsRoute(
  app: App,
  serverOf: (name: string) => Promise<FastifyInstance>,
): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _body, done) => done(null));
    scope.all<{ Params: { name: string; '*': string } }>(
      `${DATASETS_PATH}:name/*`,
      { schema: { hide: true } },
      async ({ params, raw }, reply) => {
        const server = await serverOf(params.name);
        const prefix = new RegExp(`^${DATASETS_PATH}[^/?]+`);
        reply.hijack();
        raw.url = (raw.url ?? '').replace(prefix, '');
        server.routing(raw, reply.raw);
      },
    );
    scope.get<{ Params: { name: string } }>(
      `${DATASETS_PATH}:name`,
      { schema: { hide: true } },
      (request, reply) => reply.redirect(`${request.url}/`),
    );
  });
}
