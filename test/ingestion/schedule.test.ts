import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Schedule } from '../../ingestion/schedule.ts';

test('rows are due at their rate, however often one asks', () => {
  const rates = fc.double({ min: 0.1, max: 10_000, noNaN: true });
  const pauses = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(rates, pauses, (rate, steps) => {
      const schedule = new Schedule(rate, 500);
      let [now, taken] = [500, 0];
      for (const step of steps) {
        now += step;
        expect(schedule.leaveOut(now)).toBe(0);
        const due = schedule.due(now);
        schedule.take(due);
        taken += due;
        const exact = 1 + ((now - 500) * rate) / 1000;
        expect(Math.abs(taken - exact)).toBeLessThanOrEqual(1.001);
        expect(schedule.nextDue).toBeGreaterThan(now - 0.001);
      }
    }),
  );
});

test('rows that are overdue for more than ten seconds are left out, and the rate continues from there', () => {
  const schedule = new Schedule(100, 0);
  schedule.take(schedule.due(1000));
  // 101 were taken in the first second; 61 s on, 6,000 are due, of which 1,001 are made up for.
  expect(schedule.leaveOut(61_000)).toBe(6000 - 1001);
  expect(schedule.due(61_000)).toBe(1001);
  expect(schedule.nextDue).toBe(51_000);
  schedule.take(1001);
  expect(schedule.due(62_000)).toBe(100);
});
