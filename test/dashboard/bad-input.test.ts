import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Shown, SMALL } from './fixtures.ts';

let shown: Shown;
beforeAll(async () => {
  shown = await Shown.open();
  await shown.run(SMALL);
});
afterAll(() => shown.close());

const PANELS = ['', '/days', '/spend', '/categories', '/brands'].map((panel) => `/api/overview${panel}`);

describe('what is no value of its field is 400, and says which field', () => {
  test.each([
    ['from=yesterday', 'from'],
    ['from=2020-02-30', 'from'],
    ["to=2020-01-01'--", 'to'],
    ['to=', 'to'],
    ['brand=%00', 'brand'],
    [`category=${'x'.repeat(1001)}`, 'category'],
    ['brand=x&brand=y', 'brand'],
    ['colour=red', 'colour'],
  ])('%s', async (query, field) => {
    for (const panel of PANELS) {
      const { status, body } = await shown.ask(`${panel}?${query}`);
      expect(status).toBe(400);
      expect(body).toMatchObject({
        error: { code: 'request:invalid', message: expect.stringContaining(field) },
      });
    }
  });

  test.each([
    '/api/entities?limit=0',
    '/api/entities?limit=1001',
    '/api/entities?limit=ten',
    '/api/entities?offset=-1',
    '/api/entities?order=up',
    '/api/entities?q=%00',
    '/api/entities?sort=nothing',
    '/api/entities?sort=user_id;drop%20table%20events',
    '/api/entities?sort=total_spent%20desc--',
    '/api/overview/brands?limit=1e9',
    '/api/overview/brands?limit=1.5',
    '/api/lake/events/commits?limit=0',
    '/api/lake/events/files?offset=x',
    '/api/rejected?limit=-1',
    '/api/entities/%E0%A4%A',
  ])('%s', async (url) => {
    expect((await shown.ask(url)).status).toBe(400);
  });
});

describe('text that would be SQL is only text', () => {
  const TEXTS = [
    "'",
    "''",
    "x' OR '1'='1",
    "x'; DROP TABLE facts; --",
    '"',
    '\\',
    "\\'",
    '%',
    '_',
    '\u{1F600}',
    '\ud800',
    '$1',
    '?',
    '\n',
    "'||(SELECT 1)||'",
  ];

  test.each(TEXTS)('%j', async (text) => {
    const value = encodeURIComponent(text.toWellFormed());
    for (const panel of PANELS) {
      for (const field of ['category', 'brand', 'segment']) {
        expect((await shown.ask(`${panel}?${field}=${value}`)).status).toBe(200);
      }
    }
    expect((await shown.ask(`/api/overview?brand=${value}`)).body).toMatchObject({ events: 0 });
    expect((await shown.ask(`/api/entities?q=${value}`)).body).toMatchObject({ total: 0, entities: [] });
    expect((await shown.ask(`/api/entities?segment=${value}`)).body).toMatchObject({
      total: 0,
      entities: [],
    });
    expect((await shown.ask(`/api/rejected?reason=${value}`)).body).toMatchObject({ total: 2, examples: [] });
  });
});

describe('a body', () => {
  test.each([
    [{}],
    [{ sql: 1 }],
    [{ sql: 'select 1', limit: 0 }],
    [{ sql: 'select 1', offset: -1 }],
    [{ sql: 'select 1', more: 1 }],
    [[]],
  ])('that is not as described is 400: %j', async (body) => {
    expect((await shown.ask('/api/sql', body)).status).toBe(400);
  });

  test('of another type, or too large, is rejected', async () => {
    const { server } = shown.dashboard;
    const post = (payload: string, type: string) =>
      server.inject({ url: '/api/sql', method: 'POST', payload, headers: { 'content-type': type } });
    expect((await post('sql=select 1', 'application/x-www-form-urlencoded')).statusCode).toBe(415);
    expect((await post('{"sql":"select 1"}', 'text/plain')).statusCode).toBe(400);
    expect((await post('{"sql":', 'application/json')).statusCode).toBe(400);
    expect((await post(`{"sql":"${'x'.repeat(300_000)}"}`, 'application/json')).statusCode).toBe(413);
  });
});

test('nothing is changed by other methods', async () => {
  const { server } = shown.dashboard;
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    expect((await server.inject({ url: '/api/entities/1', method })).statusCode).toBe(404);
  }
  expect(await shown.ask('/api/nothing')).toMatchObject({
    status: 404,
    body: { error: { code: 'request:unknown_route' } },
  });
});

test('the description names every route, and its answers', async () => {
  const { body } = await shown.ask<{ openapi: string; paths: Record<string, object> }>('/openapi.json');
  expect(body.openapi).toMatch(/^3\./);
  expect(Object.keys(body.paths).sort()).toEqual([
    '/api/audit',
    '/api/dataset',
    '/api/datasets',
    '/api/entities',
    '/api/entities/{id}',
    '/api/entities/{id}/events',
    '/api/entities/{id}/sessions',
    '/api/entities/{id}/spend',
    '/api/lake',
    '/api/lake/{table}/commits',
    '/api/lake/{table}/files',
    '/api/live',
    '/api/live/series',
    '/api/overview',
    '/api/overview/brands',
    '/api/overview/categories',
    '/api/overview/days',
    '/api/overview/spend',
    '/api/pipeline',
    '/api/pipeline/stream',
    '/api/rejected',
    '/api/reports',
    '/api/reports/{report}',
    '/api/reports/{report}/csv',
    '/api/sql',
    '/api/sql/csv',
  ]);
  expect(body.paths['/api/overview']).toMatchObject({
    get: {
      parameters: expect.arrayContaining([expect.objectContaining({ name: 'brand', in: 'query' })]),
      responses: { 200: expect.any(Object), 503: expect.any(Object) },
    },
  });
  expect(body.paths['/api/pipeline/stream']).toMatchObject({
    get: { responses: { 200: { content: { 'text/event-stream': expect.any(Object) } } } },
  });
});
