import type { App } from '../app.ts';

/** The description of all routes, generated from their schemas. */
export function openApiRoute(app: App): void {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
