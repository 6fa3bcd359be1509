import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { datasetOf, event, Workplace } from '../processing/fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const WRITTEN = ['1234567', '123456789', '123456000', '1234560'].map((digits) =>
  event('a', `"made":"2024-01-02T03:04:05.${digits}Z"`),
);

test('digits beyond the microsecond are cut where they are zeros, else they are the reason', async () => {
  const rows = await place.check(datasetOf('name: made, type: timestamp'), WRITTEN);
  expect(rows.map(({ reason, detail, made }) => reason ?? detail ?? made)).toEqual([
    'made:too_precise',
    'made:too_precise',
    '2024-01-02T03:04:05.123456Z',
    '2024-01-02T03:04:05.123456Z',
  ]);
});

test('they are cut where the contract says so', async () => {
  const rows = await place.check(datasetOf('name: made, type: timestamp, precision: cut'), WRITTEN);
  expect(rows.map(({ reason, made }) => reason ?? made)).toEqual(
    WRITTEN.map(() => '2024-01-02T03:04:05.123456Z'),
  );
});
