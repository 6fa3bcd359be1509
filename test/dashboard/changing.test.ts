import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { OverviewAnswer } from '../../dashboard/api.ts';
import { fileOf, type Line, Shown, SMALL } from './fixtures.ts';

let shown: Shown;
beforeEach(async () => {
  shown = await Shown.open();
});
afterEach(() => shown.close());

const READS = [
  '/api/overview',
  '/api/overview/days',
  '/api/overview/spend',
  '/api/overview/categories',
  '/api/overview/brands',
  '/api/entities',
  '/api/entities/1',
  '/api/entities/1/events',
  '/api/lake',
  '/api/lake/events/commits',
];

/** The numbers of the newest lake; older ones may be served for a moment. */
async function overviewOf(version: string): Promise<OverviewAnswer> {
  for (;;) {
    const { body } = await shown.ask<OverviewAnswer>('/api/overview');
    if (body.versions?.events === version) return body;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('without a lake, every read says so, and what to do', async () => {
  for (const url of READS) {
    expect(await shown.ask(url)).toMatchObject({
      status: 404,
      body: { error: { code: 'lake:missing', hint: expect.stringContaining('make demo') } },
    });
  }
  expect(await shown.ask('/api/sql', { sql: 'FROM events' })).toMatchObject({ status: 404 });
  expect(await shown.ask('/api/dataset')).toMatchObject({
    status: 200,
    body: { name: 'electronics', profileColumns: [] },
  });
  expect(await shown.ask('/api/pipeline')).toMatchObject({ status: 200, body: { status: { tables: [] } } });
  expect(await shown.ask('/api/rejected')).toMatchObject({ status: 200, body: { total: 0, examples: [] } });
  expect(await shown.ask('/api/audit')).toMatchObject({ status: 200, body: { balanced: true } });
});

test('a lake without events is zeros', async () => {
  await shown.run(fileOf([], 'oops\n'));
  expect(await shown.ask('/api/overview')).toMatchObject({
    status: 200,
    body: { events: 0, duplicates: 0, entities: 0, buyers: 0, revenue: '0.00', first: null, segments: [] },
  });
  expect((await shown.ask('/api/overview/days')).body).toMatchObject({ days: [] });
  expect((await shown.ask('/api/overview/spend')).body).toEqual({ buckets: [] });
  expect((await shown.ask('/api/overview/brands')).body).toEqual({ items: [], others: null });
  expect((await shown.ask('/api/entities')).body).toMatchObject({ total: 0, entities: [] });
  expect((await shown.ask('/api/entities/1')).status).toBe(404);
  expect((await shown.ask('/api/entities/1/events')).status).toBe(404);
  expect((await shown.ask('/api/sql', { sql: 'SELECT count(*) FROM events' })).body).toMatchObject({
    rows: [['0']],
  });
});

test('what other processes commit is shown', async () => {
  const line: Line = { time: '2020-10-31 00:00:00', type: 'view', user: '1' };
  await shown.run(fileOf([line]));
  expect(await overviewOf('0')).toMatchObject({ events: 1, entities: 1 });
  await shown.run(
    fileOf([
      { ...line, user: '2' },
      { ...line, user: '3' },
    ]),
    'more.csv',
  );
  expect(await overviewOf('1')).toMatchObject({
    events: 3,
    entities: 3,
    segments: [{ segment: 'visitor', entities: 3 }],
  });
  expect((await shown.ask('/api/entities')).body).toMatchObject({ total: 3 });
});

test('a dataset that was reset and run again is another one, though its versions are the same', async () => {
  await shown.run(SMALL);
  expect(await overviewOf('0')).toMatchObject({ events: 8 });
  await rm(join(shown.home, 'home/log'), { recursive: true });
  await rm(join(shown.home, 'home/lake'), { recursive: true });
  expect((await shown.ask('/api/entities')).status).toBe(404);
  await shown.run(fileOf([{ time: '2020-10-31 00:00:00', type: 'view', user: '1' }]), 'other.csv');
  for (let events = 8; events !== 1; ) events = (await overviewOf('0')).events;
  expect((await shown.ask('/api/entities')).body).toMatchObject({ total: 1 });
});

test('answers stay right while the tables are rewritten', async () => {
  const lines = (from: number): Line[] =>
    Array.from({ length: 50 }, (_, i) => ({
      time: '2020-10-31 00:00:00',
      type: 'purchase',
      user: String(from + i),
      price: '1.00',
    }));
  await shown.run(fileOf(lines(0)));
  let running = true;
  const rewriting = (async () => {
    for (let i = 1; i <= 4; i++) await shown.run(fileOf(lines(50 * i)), `${i}.csv`);
    running = false;
  })();
  const seen = new Set<number>();
  while (running) {
    const [{ status, body }, customers, sql] = await Promise.all([
      shown.ask<OverviewAnswer>('/api/overview'),
      shown.ask<{ total: number }>('/api/entities?limit=1'),
      shown.ask<{ rows: string[][] }>('/api/sql', {
        sql: 'SELECT count(*), count(DISTINCT user_id) FROM events',
      }),
    ]);
    expect([status, customers.status, sql.status]).toEqual([200, 200, 200]);
    // Of one version, whichever that is.
    expect(body).toMatchObject({ entities: body.events, buyers: body.events, revenue: `${body.events}.00` });
    expect(body.events % 50).toBe(0);
    expect(customers.body.total % 50).toBe(0);
    expect(sql.body.rows[0]?.[0]).toBe(sql.body.rows[0]?.[1]);
    seen.add(body.events);
  }
  await rewriting;
  expect((await overviewOf('4')).events).toBe(250);
  expect(seen.size).toBeGreaterThan(1);
}, 120_000);

test('files that are missing are 503, with when to try again', async () => {
  await shown.run(SMALL);
  await rm(join(shown.home, 'home/lake/electronics/events/event_month=2020-11'), { recursive: true });
  expect(await shown.ask('/api/overview')).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    body: { error: { code: 'lake:changing' } },
  });
  expect((await shown.ask('/api/entities/3/events')).status).toBe(503);
  expect((await shown.ask('/api/entities')).status).toBe(200);
});
