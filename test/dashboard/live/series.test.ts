import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseDataset } from '../../../config/dataset/parse.ts';
import type { LiveSeriesAnswer } from '../../../dashboard/api.ts';
import { Shown } from '../fixtures.ts';
import { DATASET_FILE, LiveFile } from './live-fixture.ts';

/** A full minute, a while ago: where buckets of 1, 2, 5 and 20 seconds begin. */
const MINUTE = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
const at = (seconds: number) => MINUTE + Math.round(1000 * seconds);

let shown: Shown;
let file: LiveFile;
beforeEach(async () => {
  shown = await Shown.open({ change: () => parseDataset(DATASET_FILE, 'dataset.yml') });
  file = new LiveFile(join(shown.home, 'home'));
  await file.begin();
});
afterEach(() => shown.close());

const series = async (query: string) => (await shown.ask<LiveSeriesAnswer>(`/api/live/series?${query}`)).body;

/** The buckets of each group that have a reading: `[second from MINUTE, readings, mean]`. */
function points({ buckets, groups }: LiveSeriesAnswer) {
  return Object.fromEntries(
    groups.map(({ group, counts, means }) => [
      group,
      buckets.flatMap((bucket, i) => (counts[i] ? [[bucket - MINUTE / 1000, counts[i], means[i]]] : [])),
    ]),
  );
}

test('readings are counted and averaged by group and bucket, up to the newest', async () => {
  await file.append([
    { at: at(0), sector: 'energy', ppm: 400 },
    { at: at(1.999), sector: 'energy', ppm: 410 },
    { at: at(2), sector: 'energy', ppm: 430 },
    { at: at(3), sector: 'transport', ppm: 500 },
    { at: at(3.5), sector: 'transport', ppm: null },
    { at: at(59), sector: null, city: 'Rome', ppm: null },
    // Late: it belongs to the first bucket.
    { at: at(0.5), sector: 'energy', ppm: 450 },
  ]);
  const answer = await series('window=5m&by=sector&value=co2_ppm');
  expect(points(answer)).toEqual({
    '(none)': [[58, 1, null]],
    energy: [
      [0, 3, 420],
      [2, 1, 430],
    ],
    transport: [[2, 2, 500]],
  });
  expect(answer).toMatchObject({ bucketSeconds: 2, newest: new Date(at(59)).toISOString() });
  expect(answer.buckets).toHaveLength(150);
  expect([answer.buckets[0], answer.buckets.at(-1)]).toEqual([MINUTE / 1000 + 58 - 298, MINUTE / 1000 + 58]);
  expect(points(await series('window=1m&by=city&value=co2_ppm'))).toEqual({
    Oslo: [
      [0, 2, 425],
      [1, 1, 410],
      [2, 1, 430],
      [3, 2, 500],
    ],
    Rome: [[59, 1, null]],
  });
  expect(points(await series('window=1h'))).toMatchObject({ energy: [[0, 4, 1.5]] });
});

test('the latest reading of a group is the one that was measured last, by the later row of two', async () => {
  await file.append([
    { at: at(5), city: 'Oslo', ppm: 1 },
    { at: at(5), city: 'Oslo', ppm: 2 },
    { at: at(4), city: 'Oslo', ppm: 3 },
    { at: at(1), city: 'Rome', ppm: 4 },
  ]);
  const { groups, rows } = await series('by=city&rows=2');
  expect(groups.map(({ group, latest }) => [group, latest.co2_ppm, latest.log_offset])).toEqual([
    ['Oslo', 2, '1'],
    ['Rome', 4, '3'],
  ]);
  expect(rows.map(({ log_offset }) => log_offset)).toEqual(['2', '3']);
});

test('what is older than the window has left it, and so has a group without a reading in it', async () => {
  await file.append([
    { at: at(-70), city: 'Rome' },
    { at: at(0), city: 'Oslo', ppm: 1 },
  ]);
  expect(Object.keys(points(await series('window=5m&by=city')))).toEqual(['Oslo', 'Rome']);
  expect(Object.keys(points(await series('window=1m&by=city')))).toEqual(['Oslo']);
  await file.append([{ at: at(60), city: 'Paris', ppm: 7 }]);
  // The window of a minute begins at the second after the reading of Oslo.
  expect(points(await series('window=1m&by=city&value=co2_ppm'))).toEqual({ Paris: [[60, 1, 7]] });
  await file.append([{ at: at(-1), city: 'Paris', ppm: 9 }]);
  expect(points(await series('window=1m&by=city&value=co2_ppm'))).toEqual({ Paris: [[60, 1, 7]] });
});

test('a reading of the future moves no window; of more than 50 groups the rest is one', async () => {
  await file.append([
    { at: at(0), city: 'Oslo' },
    { at: Date.now() + 3_600_000, city: 'Oslo' },
  ]);
  const answer = await series('by=city&rows=5');
  expect([answer.newest, answer.rows.length]).toEqual([new Date(at(0)).toISOString(), 2]);
  await file.append(Array.from({ length: 80 }, (_, i) => ({ at: at(1), city: `city ${i}`, ppm: i })));
  const { groups } = await series('by=city&value=co2_ppm');
  expect(groups).toHaveLength(51);
  // Oslo and the cities 0 to 48 come first; 49 to 79 are left.
  expect(groups.find(({ group }) => group === '(others)')).toMatchObject({ latest: { city: 'city 79' } });
  expect(points({ ...answer, groups })['(others)']).toEqual([[0, 31, 64]]);
});

test('lag: how long the newest reading took into the file; rate: rows since the look before', async () => {
  await file.append([{ at: at(0) }]);
  await utimes(`${file.path}.position.json`, new Date(at(2.5)), new Date(at(2.5)));
  expect(await series('')).toMatchObject({ perSecond: null, lag: { rows: 0, seconds: 2.5 } });
  const before = Date.now();
  await file.append(Array.from({ length: 100 }, () => ({ at: at(3) })));
  const { perSecond } = await series('');
  expect(perSecond).toBeGreaterThanOrEqual((1000 * 100) / (Date.now() - before + 1000));
  expect(perSecond).toBeGreaterThan(0);
});
