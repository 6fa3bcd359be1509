import { afterAll, beforeAll, test } from '@jest/globals';
import { Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

// The first and the last second of the years 1 to 9999, and what is next to them, by Python's datetime.
test('seconds since 1970', () =>
  place.expectOutcomes('type: timestamp, format: epoch_s', [
    ['0', '1970-01-01T00:00:00Z'],
    ['"0"', '1970-01-01T00:00:00Z'],
    ['1600000000', '2020-09-13T12:26:40Z'],
    ['"1600000000"', '2020-09-13T12:26:40Z'],
    ['-1', '1969-12-31T23:59:59Z'],
    ['"-0"', '1970-01-01T00:00:00Z'],
    ['-62135596800', '0001-01-01T00:00:00Z'],
    ['-62135596801', '[out_of_range]'],
    ['253402300799', '9999-12-31T23:59:59Z'],
    ['253402300800', '[out_of_range]'],
    ['9223372036854775807', '[out_of_range]'],
    ['"9223372036854775808"', '[out_of_range]'],
    ['-9223372036854775808', '[out_of_range]'],
    ['"99999999999999999999999999999999999999999999"', '[out_of_range]'],
    ['1600000000.5', '[not_a_timestamp]'],
    ['"1600000000.0"', '[not_a_timestamp]'],
    ['1.6e9', '[not_a_timestamp]'],
    ['" 1600000000"', '[not_a_timestamp]'],
    ['"+1600000000"', '[not_a_timestamp]'],
    ['"2020-09-13T12:26:40Z"', '[not_a_timestamp]'],
    ['"now"', '[not_a_timestamp]'],
    ['true', '[wrong_type]'],
    ['[1600000000]', '[wrong_type]'],
    ['{"s":1600000000}', '[wrong_type]'],
    ['null', null],
    ['""', null],
  ]));

test('milliseconds since 1970', () =>
  place.expectOutcomes('type: timestamp, format: epoch_ms', [
    ['1600000000123', '2020-09-13T12:26:40.123Z'],
    ['-1', '1969-12-31T23:59:59.999Z'],
    ['-62135596800000', '0001-01-01T00:00:00Z'],
    ['-62135596800001', '[out_of_range]'],
    ['253402300799999', '9999-12-31T23:59:59.999Z'],
    ['253402300800000', '[out_of_range]'],
    ['9223372036854775807', '[out_of_range]'],
  ]));

test('microseconds since 1970', () =>
  place.expectOutcomes('type: timestamp, format: epoch_us', [
    ['1600000000123456', '2020-09-13T12:26:40.123456Z'],
    ['-1', '1969-12-31T23:59:59.999999Z'],
    ['-62135596800000000', '0001-01-01T00:00:00Z'],
    ['-62135596800000001', '[out_of_range]'],
    ['253402300799999999', '9999-12-31T23:59:59.999999Z'],
    ['253402300800000000', '[out_of_range]'],
    ['9223372036854775808', '[out_of_range]'],
  ]));
