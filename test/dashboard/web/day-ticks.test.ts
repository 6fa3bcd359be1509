import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DAY, dayTicks } from '../../../dashboard/web/src/charts/day-ticks.ts';

const at = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1000;
const ticks = (first: string, last: string, most: number) =>
  dayTicks(at(first), at(last), most).map((tick) => new Date(tick * 1000).toISOString().slice(0, 10));

describe('the days that an axis labels', () => {
  test('are one for one day, and each of a few', () => {
    expect(ticks('2020-11-10', '2020-11-10', 8)).toEqual(['2020-11-10']);
    expect(ticks('2020-11-10', '2020-11-12', 8)).toEqual(['2020-11-10', '2020-11-11', '2020-11-12']);
  });

  test('are evenly spaced where not all have room', () => {
    expect(ticks('2020-11-10', '2020-11-14', 3)).toEqual(['2020-11-10', '2020-11-12', '2020-11-14']);
    expect(ticks('2020-11-01', '2020-11-30', 5)).toEqual([
      '2020-11-01',
      '2020-11-08',
      '2020-11-15',
      '2020-11-22',
      '2020-11-29',
    ]);
  });

  test('begin months, quarters or years over a long time', () => {
    expect(ticks('2020-09-24', '2021-02-28', 6)).toEqual([
      '2020-10-01',
      '2020-11-01',
      '2020-12-01',
      '2021-01-01',
      '2021-02-01',
    ]);
    expect(ticks('1998-12-01', '2000-02-15', 6)).toEqual([
      '1999-01-01',
      '1999-04-01',
      '1999-07-01',
      '1999-10-01',
      '2000-01-01',
    ]);
    expect(ticks('2015-06-01', '2024-06-01', 5)).toEqual([
      '2016-01-01',
      '2018-01-01',
      '2020-01-01',
      '2022-01-01',
      '2024-01-01',
    ]);
  });

  test('are within the range, at midnight, all different, and no more than there is room for', () => {
    const day = fc.integer({ min: -30_000, max: 60_000 });
    fc.assert(
      fc.property(day, day, fc.integer({ min: 1, max: 20 }), (a, b, most) => {
        const [first, last] = [Math.min(a, b) * DAY, Math.max(a, b) * DAY];
        const found = dayTicks(first, last, most);
        expect(found.length).toBeGreaterThan(0);
        expect(found.length).toBeLessThanOrEqual(most);
        expect(found).toEqual([...new Set(found)].sort((x, y) => x - y));
        for (const tick of found)
          expect([tick >= first, tick <= last, tick % DAY === 0]).toEqual([true, true, true]);
      }),
    );
  });
});
