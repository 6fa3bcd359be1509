import { rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDashboard } from '../../../cli/serve-dashboard.ts';
import { parseDataset } from '../../../config/dataset/parse.ts';
import type { LiveAnswer, LiveSeriesAnswer } from '../../../dashboard/api.ts';
import { Shown } from '../fixtures.ts';
import { DATASET_FILE, LiveFile } from './live-fixture.ts';

const NOW = Date.now();

let shown: Shown;
let file: LiveFile;
beforeEach(async () => {
  shown = await Shown.open({ change: () => parseDataset(DATASET_FILE, 'dataset.yml') });
  file = new LiveFile(join(shown.home, 'home'));
});
afterEach(() => shown.close());

const readings = (n: number) => Array.from({ length: n }, (_, i) => ({ at: NOW - 1000 + i }));
const get = async (query = '') => (await shown.ask<LiveAnswer>(`/api/live${query}`)).body;
const offsets = ({ rows }: Pick<LiveAnswer, 'rows'>) => rows.map((row) => Number(row.log_offset));
const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** All rows after a cursor, a page at a time. */
async function allAfter(cursor: string, limit = 3): Promise<{ offsets: number[]; next: string }> {
  const found: number[] = [];
  for (let after = cursor; ; ) {
    const page = await get(`?after=${after}&limit=${limit}`);
    expect(page.gap).toBe(false);
    found.push(...offsets(page));
    after = page.next ?? '';
    if (!page.more) return { offsets: found, next: after };
  }
}

/** What the charts count in all groups. */
async function counted(): Promise<number> {
  const { body } = await shown.ask<LiveSeriesAnswer>('/api/live/series?window=6h');
  return body.groups.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
}

test('before the first export there are no rows, and no readings', async () => {
  expect(await get()).toEqual({ rows: [], next: null, more: false, gap: false });
  expect(await get('?after=start')).toEqual({ rows: [], next: null, more: false, gap: false });
  expect((await shown.ask('/api/live/series')).body).toEqual({
    bucketSeconds: 5,
    buckets: [],
    groups: [],
    newest: null,
    perSecond: null,
    lag: { rows: null, seconds: null },
    rows: [],
  });
});

test('a row has the types of its columns; an empty field is null, an empty text is not', async () => {
  await file.begin();
  const quoted = 'Saint-"Étienne",\nFrance';
  await file.append([
    { at: NOW, city: quoted, sector: '', emissions: null, ppm: 400.5, temperature: -3 },
    { at: NOW, city: null },
  ]);
  const { rows } = await get();
  expect(rows[0]).toEqual({
    reading_id: '1',
    measured_at: new Date(NOW).toISOString(),
    country: 'Norway',
    city: quoted,
    sector: '',
    emissions_tonnes: null,
    co2_ppm: 400.5,
    temperature_c: -3,
    sensor_id: 's-0',
    log_partition: 0,
    log_offset: '0',
  });
  expect(rows[1]).toMatchObject({ city: null, log_offset: '1' });
});

test('without a cursor come the newest rows, with the cursor of what follows', async () => {
  await file.begin();
  await file.append(readings(10));
  const page = await get('?limit=4');
  expect(offsets(page)).toEqual([6, 7, 8, 9]);
  await file.append(readings(2));
  expect((await allAfter(page.next ?? '')).offsets).toEqual([10, 11]);
});

test('each row comes once, through pages, growth, rotations and restarts of the server', async () => {
  await file.begin();
  await file.append(readings(10));
  const first = await allAfter('start');
  expect(first.offsets).toEqual(upTo(0, 10));
  expect(await counted()).toBe(10);
  await file.append(readings(4));
  await file.rotate();
  await file.append(readings(5));
  await file.rotate();
  await file.append(readings(2));
  const second = await allAfter(first.next);
  expect(second.offsets).toEqual(upTo(10, 21));
  expect((await allAfter('start')).offsets).toEqual(upTo(0, 21));
  expect(await counted()).toBe(21);
  await file.append(readings(1));
  const again = await openDashboard(shown.session, '127.0.0.1');
  const { body } = await again.server.inject({ url: `/api/live?after=${second.next}` });
  expect(offsets(JSON.parse(body))).toEqual([21]);
  await again.close();
});

test('what is not valid yet is not read, and neither is a row that is cut away', async () => {
  await file.begin();
  await file.append(readings(2));
  const { next } = await get();
  await file.appendTorn('3,2026-01-01T00:00:00.000Z,Norway,Os');
  expect(await get(`?after=${next}`)).toEqual({ rows: [], next, more: false, gap: false });
  expect(offsets(await get())).toEqual([0, 1]);
  expect(await counted()).toBe(2);
  await unlink(`${file.path}.position.json`);
  expect((await get('?after=start')).rows).toEqual([]);
});

test('a look reads what is new, and never again what it has read', async () => {
  await file.begin();
  await file.append(readings(200));
  const { next } = await get('?after=start&limit=200');
  expect(await counted()).toBe(200);
  // The first row becomes one that is an error when it is read.
  const whole = await file.text();
  const start = whole.indexOf('\n') + 1;
  await writeFile(
    file.path,
    `${whole.slice(0, start)}${whole.slice(start).replace(/^[^\n]+/, (line) => 'x'.repeat(line.length))}`,
  );
  await file.append(readings(3));
  expect(await shown.ask('/api/live?after=start')).toMatchObject({
    body: { error: { code: 'live:bad_file' } },
  });
  expect(offsets(await get(`?after=${next}`))).toEqual([200, 201, 202]);
  expect(await counted()).toBe(203);
  expect(offsets(await get('?limit=4'))).toEqual([199, 200, 201, 202]);
});

test('a file that was cut back or written again is read from its beginning', async () => {
  await file.begin();
  await file.append(readings(2));
  const { size } = await stat(file.path);
  await file.append(readings(3));
  const { next } = await get();
  expect(await counted()).toBe(5);
  await file.cutBack(size);
  const cut = await get(`?after=${next}`);
  expect([offsets(cut), cut.gap]).toEqual([[0, 1], true]);
  expect(offsets(await get())).toEqual([0, 1]);
  expect(await counted()).toBe(2);
  // The same rows again, and more of them than before, in a file of the same name.
  file.written = 100;
  await file.begin();
  await file.append(readings(9));
  const again = await get(`?after=${next}&limit=1`);
  expect([offsets(again), again.gap]).toEqual([[100], true]);
  expect(await counted()).toBe(9);
  await rm(file.path);
  expect((await get('?after=start')).rows).toEqual([]);
});

test('a file that is gone by the time that its rows are asked for is a gap', async () => {
  await file.begin();
  await file.append(readings(2));
  const { next } = await get();
  await file.rotate();
  await file.append(readings(2));
  await rm(`${file.path}.1`);
  expect(await get(`?after=${next}`)).toMatchObject({
    gap: true,
    rows: [{ log_offset: '2' }, { log_offset: '3' }],
  });
});

describe('what the asker has already', () => {
  test.each(['/api/live?limit=2', '/api/live/series?rows=1'])('%s is answered with 304', async (url) => {
    await file.begin();
    await file.append(readings(3));
    // The first rate is not known yet.
    await shown.ask(url);
    const { headers, status } = await shown.ask(url);
    const etag = String(headers.etag);
    expect([status, etag]).toEqual([200, expect.stringMatching(/^"[\w-]{22}"$/)]);
    const { server } = shown.dashboard;
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const same = await server.inject({ url, headers: { 'if-none-match': known } });
      expect([same.statusCode, same.body, same.headers.etag]).toEqual([304, '', etag]);
    }
    await file.append(readings(1));
    const changed = await server.inject({ url, headers: { 'if-none-match': etag } });
    expect(changed.statusCode).toBe(200);
  });
});

test.each([
  ['?after=', 'live:bad_cursor'],
  ['?after=1', 'live:bad_cursor'],
  ['?after=1-2-zz', 'live:bad_cursor'],
  ['?after=start&limit=0', 'request:invalid'],
  ['?limit=1001', 'request:invalid'],
  ['?from=1', 'request:invalid'],
  ['/series?window=2m', 'request:invalid'],
  ['/series?by=country', 'request:unknown_column'],
  ['/series?value=reading_id', 'request:unknown_column'],
  ['/series?rows=101', 'request:invalid'],
])('%s is 400', async (query, code) => {
  const { status, body } = await shown.ask(`/api/live${query}`);
  expect([status, body]).toEqual([400, { error: expect.objectContaining({ code }) }]);
});

test('a file of other columns, and a position that is none, are named', async () => {
  await file.begin();
  await writeFile(file.path, 'a,b\n1,2\n');
  await file.sayAll();
  expect(await shown.ask('/api/live')).toMatchObject({
    status: 409,
    body: { error: { code: 'live:bad_file' } },
  });
  await writeFile(`${file.path}.position.json`, '{');
  expect(await shown.ask('/api/live/series')).toMatchObject({
    status: 409,
    body: { error: { code: 'live:bad_file', message: expect.stringContaining('position.json') } },
  });
});

test('a dataset without such readings says so', async () => {
  const electronics = await Shown.open();
  expect(await electronics.ask('/api/live')).toMatchObject({
    status: 404,
    body: { error: { code: 'dataset:no_live' } },
  });
  expect((await electronics.ask('/api/dataset')).body).toMatchObject({ live: null });
  await electronics.close();
  expect((await shown.ask('/api/dataset')).body).toMatchObject({
    live: { by: ['sector', 'city'], values: ['emissions_tonnes', 'co2_ppm', 'temperature_c'] },
  });
});

test('a rotation that is under way, at each of its steps, hides and repeats no row', async () => {
  const [first, second] = [readings(3), readings(2)];
  await file.begin();
  await file.append(first);
  const { next } = await get();
  await file.append(second);
  const after = async () => (await allAfter(next ?? '')).offsets;
  // As the export does it: the position says 0 bytes before anything is moved.
  await file.say(0);
  expect([await after(), await counted()]).toEqual([[3, 4], 5]);
  await rename(file.path, `${file.path}.2`);
  expect([await after(), await counted()]).toEqual([[3, 4], 5]);
  await rename(`${file.path}.2`, `${file.path}.1`);
  await writeFile(file.path, 'reading_id,meas');
  expect([await after(), await counted()]).toEqual([[3, 4], 5]);
  await file.begin();
  await file.append(readings(1));
  expect([await after(), await counted()]).toEqual([[3, 4, 5], 6]);
});
