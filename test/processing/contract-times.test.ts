import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

describe('a value of type', () => {
  test('date', async () => {
    await place.expectOutcomes('type: date', [
      ['"2020-02-29"', '2020-02-29'],
      ['"2021-02-29"', '[not_a_date]'],
      ['"0001-01-01"', '0001-01-01'],
      ['"0000-01-01"', '[not_a_date]'],
      ['"9999-12-31"', '9999-12-31'],
      ['"10000-01-01"', '[not_a_date]'],
      ['"2020-2-9"', '[not_a_date]'],
      ['"2020-02-09 00:00:00"', '[not_a_date]'],
      ['" 2020-02-09"', '[not_a_date]'],
      ['"epoch"', '[not_a_date]'],
      ['20200209', '[wrong_type]'],
    ]);
    await place.expectOutcomes('type: date, format: "%Y%m%d"', [
      ['"20200229"', '2020-02-29'],
      ['20200229', '[wrong_type]'],
      ['"20210229"', '[not_a_date]'],
    ]);
    await place.expectOutcomes('type: date, format: "%d/%m/%Y"', [
      ['"29/02/2020"', '2020-02-29'],
      ['"29/02/2021"', '[not_a_date]'],
      ['"9/2/2020"', '[not_a_date]'],
      ['"09/02/20"', '[not_a_date]'],
      ['"2020-02-09"', '[not_a_date]'],
      ['"infinity"', '[not_a_date]'],
    ]);
  });

  test('timestamp in ISO 8601', async () => {
    await place.expectOutcomes('type: timestamp', [
      ['"2020-02-29T12:34:56Z"', '2020-02-29T12:34:56Z'],
      ['"2020-02-29 12:34:56"', '2020-02-29T12:34:56Z'],
      ['"2020-02-29"', '2020-02-29T00:00:00Z'],
      ['"2020-02-29T12:34"', '2020-02-29T12:34:00Z'],
      ['"2020-02-29T12:34Z"', '2020-02-29T12:34:00Z'],
      ['"2020-02-29T12:34ZZ"', '[not_a_timestamp]'],
      ['"2020-02-29T12:34:56.000001Z"', '2020-02-29T12:34:56.000001Z'],
      ['"2020-02-29T12:34:56.0000001Z"', '[too_precise]'],
      ['"2020-02-29T12:34:56.1234567+02:00"', '[too_precise]'],
      ['"2020-02-29T12:34:56.123456000Z"', '2020-02-29T12:34:56.123456Z'],
      ['"2020-02-29T12:34:56.Z"', '[not_a_timestamp]'],
      ['"2020-02-29T12:34:56+02:30"', '2020-02-29T10:04:56Z'],
      ['"2020-02-29T12:34:56-0030"', '2020-02-29T13:04:56Z'],
      ['"2020-02-29T12:34:56+02"', '2020-02-29T10:34:56Z'],
      ['"2020-02-29T12:34:56+99:99"', '[not_a_timestamp]'],
      ['"2020-02-30T12:34:56Z"', '[not_a_timestamp]'],
      ['"2020-02-29T25:00:00Z"', '[not_a_timestamp]'],
      ['"2020-02-29T12:60:00Z"', '[not_a_timestamp]'],
      ['"0001-01-01T00:00:00Z"', '0001-01-01T00:00:00Z'],
      ['"0001-01-01T00:00:00+01"', '[not_a_timestamp]'],
      ['"9999-12-31T23:59:59.999999Z"', '9999-12-31T23:59:59.999999Z'],
      ['"9999-12-31T23:59:59-01"', '[not_a_timestamp]'],
      ['"2020-02-29 12:34:56 UTC"', '[not_a_timestamp]'],
      ['"2020-02-29T12:34:56Z "', '[not_a_timestamp]'],
      ['"now"', '[not_a_timestamp]'],
      ['"infinity"', '[not_a_timestamp]'],
      ['1582979696', '[wrong_type]'],
    ]);
  });

  test('timestamp in a format', async () => {
    await place.expectOutcomes('type: timestamp, format: "%Y-%m-%d %H:%M:%S UTC"', [
      ['"2020-09-24 11:57:06 UTC"', '2020-09-24T11:57:06Z'],
      ['"2020-09-31 11:57:06 UTC"', '[not_a_timestamp]'],
      ['"2020-09-24 24:00:00 UTC"', '[not_a_timestamp]'],
      ['"2020-09-24 11:57:60 UTC"', '[not_a_timestamp]'],
      ['"2020-9-4 1:2:3 UTC"', '[not_a_timestamp]'],
      ['" 2020-09-24 11:57:06 UTC"', '[not_a_timestamp]'],
      ['"2020-09-24  11:57:06 UTC"', '[not_a_timestamp]'],
      ['"2020-09-24 11:57:06 utc"', '[not_a_timestamp]'],
      ['"2020-09-24T11:57:06Z"', '[not_a_timestamp]'],
      ['"20-09-24 11:57:06 UTC"', '[not_a_timestamp]'],
      ['"0000-09-24 11:57:06 UTC"', '[not_a_timestamp]'],
      ['"epoch"', '[not_a_timestamp]'],
      ['"-infinity"', '[not_a_timestamp]'],
    ]);
    await place.expectOutcomes('type: timestamp, format: "%Y%m%d%H%M%S"', [
      ['"20200924115706"', '2020-09-24T11:57:06Z'],
      ['20200924115706', '[wrong_type]'],
    ]);
    await place.expectOutcomes('type: timestamp, format: "%Y-%m-%dT%H:%M:%S.%f%z"', [
      ['"2020-09-24T11:57:06.5+0200"', '2020-09-24T09:57:06.5Z'],
      ['"2020-09-24T11:57:06.123456+00"', '2020-09-24T11:57:06.123456Z'],
      ['"2020-09-24T11:57:06.5"', '[not_a_timestamp]'],
      ['" 2020-09-24T11:57:06.5+00"', '[not_a_timestamp]'],
      ['"INFINITY"', '[not_a_timestamp]'],
      ['"Epoch"', '[not_a_timestamp]'],
    ]);
  });
});
