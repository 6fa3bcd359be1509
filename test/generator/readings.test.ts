import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DATASETS } from '../../config/dataset/read.ts';
import { Readings } from '../../generator/readings.ts';
import { loadReadingsShape, type ReadingsShape } from '../../generator/readings-shape.ts';

const NOON = Date.UTC(2026, 5, 21, 12);
const CLEAN = { seed: 1, dirty: 0, late: 0 };

let co2: ReadingsShape;
beforeAll(async () => {
  co2 = await loadReadingsShape(join(DATASETS, 'co2_live', 'shape.yml'));
});

/** One place, one sensor, one group and one measure, without noise. */
function plain(): ReadingsShape {
  const rhythm = Array.from({ length: 24 }, (_, hour) => (hour === 15 ? 1 : 0));
  const measure = { column: 'v', decimals: 2, min: 0, rhythm, swing: 4, drift: 0, noise: 0, outlier: 100 };
  return {
    columns: { id: 'n', time: 'at', sensor: 's', group: 'g' },
    sensorsPerPlace: 1,
    places: [{ values: { city: 'Here' }, hoursFromUtc: 2, means: { v: 10 } }],
    groups: [{ value: 'all', factors: { v: 3 } }],
    measures: [measure],
    driftHours: 6,
    outlierShare: 0,
    lateMinutes: 10,
  };
}

const fields = (readings: Readings, id: number, time: number) => JSON.parse(readings.reading(id, time).value);

describe('readings', () => {
  test('follow the rhythm of the day at local time', () => {
    const readings = new Readings(plain(), CLEAN);
    // 15:00 there is 13:00 UTC: 3 × (10 + 4 × 1); half an hour off the peak has half the swing.
    const at = (hours: number) => fields(readings, 1, Date.UTC(2026, 0, 1, 0, hours * 60)).v;
    expect([at(13), at(12.5), at(13.5), at(12), at(0)]).toEqual([42, 36, 36, 30, 30]);
  });

  test('drift slowly, each place otherwise, and vary from one reading to the next', () => {
    const [measure] = plain().measures;
    const [place] = plain().places;
    if (!measure || !place) throw new Error('the shape has one of each');
    const calm = { ...measure, rhythm: measure.rhythm.map(() => 0), outlier: 0 };
    const places = ['Here', 'There'].map((city) => ({ ...place, values: { city } }));
    const shape = (drift: number, noise: number) => ({
      ...plain(),
      places,
      measures: [{ ...calm, drift, noise }],
    });
    /** The values by place, one reading a minute over four days. */
    const values = (drift: number, noise: number) => {
      const readings = new Readings(shape(drift, noise), CLEAN);
      const all = Array.from({ length: 5760 }, (_, i) => fields(readings, i + 1, NOON + i * 60_000));
      return ['Here', 'There'].map((city) => all.filter((one) => one.city === city).map(({ v }) => v));
    };
    const spread = (some: readonly number[] = []) => Math.max(...some) - Math.min(...some);
    const steps = (some: readonly number[] = []) => some.slice(1).map((v, i) => Math.abs(v - (some[i] ?? v)));
    // Without either, each reading is 3 × 10.
    for (const still of values(0, 0)) expect(new Set(still)).toEqual(new Set([30]));
    const [here = [], there = []] = values(2, 0);
    for (const drifting of [here, there]) {
      expect(spread(drifting)).toBeGreaterThan(1);
      // Within 3 × 2 of the mean, and over some minutes hardly at all.
      expect(Math.max(...drifting.map((v) => Math.abs(v - 30)))).toBeLessThanOrEqual(6);
      expect(Math.max(...steps(drifting))).toBeLessThan(spread(drifting) / 4);
    }
    expect(here.slice(0, 100)).not.toEqual(there.slice(0, 100));
    for (const noisy of values(0, 1)) {
      expect(Math.max(...noisy.map((v) => Math.abs(v - 30)))).toBeLessThanOrEqual(9);
      expect(Math.max(...steps(noisy))).toBeGreaterThan(1);
    }
  });

  test('have outliers as often as the shape says, and no value below the least', () => {
    const [measure] = plain().measures;
    const measures = measure ? [{ ...measure, outlier: 100, noise: 30 }] : [];
    const readings = new Readings({ ...plain(), measures, outlierShare: 0.02 }, CLEAN);
    const values = Array.from({ length: 10_000 }, (_, i) => fields(readings, i + 1, 0).v as number);
    expect(values.filter((v) => v < 0)).toEqual([]);
    // Without an outlier a value is at most 3 × (10 + 3 × 30) = 300; with one it is above that in half of the
    // cases.
    const outliers = values.filter((v) => v > 300).length;
    expect(outliers).toBeGreaterThan(40);
    expect(outliers).toBeLessThan(200);
  });

  test('are the same for the same seed, id and time, in any order', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 40 }), fc.nat(2 ** 40), (seed, id, time) => {
        const options = { seed, dirty: 0.3, late: 0.3 };
        const other = new Readings(co2, options);
        other.reading(id + 1, time);
        expect(other.reading(id, time)).toEqual(new Readings(co2, options).reading(id, time));
      }),
      { numRuns: 30 },
    );
    const [one, two] = [1, 2].map((seed) => new Readings(co2, { ...CLEAN, seed }).reading(1, NOON).value);
    expect(one).not.toBe(two);
  });

  test('of one sensor say the same place and group, and its id is their key', () => {
    const readings = new Readings(co2, CLEAN);
    const about = new Map<string, string>();
    for (let id = 1; id <= 3000; id++) {
      const { key, value } = readings.reading(id, NOON);
      const { sensor_id, country, city, sector } = JSON.parse(value);
      expect(sensor_id).toBe(key);
      const what = JSON.stringify([country, city, sector]);
      expect(about.get(key) ?? what).toBe(what);
      about.set(key, what);
    }
    // 12 cities with 8 sensors each, of which every sector has two.
    expect(about.size).toBe(96);
    expect(new Set(about.values()).size).toBe(48);
  });

  test('are late and broken as often as asked', () => {
    const readings = new Readings(co2, { seed: 3, dirty: 0.1, late: 0.2 });
    const made = Array.from({ length: 5000 }, (_, i) => readings.reading(i + 1, NOON).value);
    const whole = made.filter((value) => value.endsWith('}')).map((value) => JSON.parse(value));
    const faulty = whole.filter((one) => one.measured_at === null || Object.values(one).includes('fault'));
    const broken = made.length - whole.length + faulty.length;
    expect(Math.abs(broken - 500)).toBeLessThan(90);
    const late = whole.filter((one) => one.measured_at !== null && Date.parse(one.measured_at) < NOON);
    expect(Math.abs(late.length - 950)).toBeLessThan(150);
    for (const { measured_at } of late)
      expect(NOON - Date.parse(measured_at)).toBeLessThanOrEqual(15 * 60_000);
  });
});
