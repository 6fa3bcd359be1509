import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

describe('a value of type', () => {
  test('string', async () => {
    await place.expectOutcomes('type: string', [
      ['"x"', 'x'],
      ['" "', ' '],
      ['"null"', 'null'],
      ['"true"', 'true'],
      ['"-1.5e3"', '-1.5e3'],
      ['"NaN"', 'NaN'],
      ['"{}"', '{}'],
      ['"[1]"', '[1]'],
      ['"a\\u0000b"', 'a\0b'],
      ['"\\ud83d\\ude00 \\"\\\\\\/\\n"', '😀 "\\/\n'],
      ['"\u2028\ufeff"', '\u2028\ufeff'],
      ['1', '[wrong_type]'],
      ['-1.5e3', '[wrong_type]'],
      ['NaN', '[wrong_type]'],
      ['true', '[wrong_type]'],
      ['[]', '[wrong_type]'],
      ['{}', '[wrong_type]'],
    ]);
    await place.expectOutcomes(`type: string, allowed: [red, "it's", "1"]`, [
      ['"red"', 'red'],
      [`"it's"`, "it's"],
      ['"1"', '1'],
      ['1', '[wrong_type]'],
      ['"Red"', '[not_allowed]'],
      ['"red "', '[not_allowed]'],
    ]);
  });

  test('string, of any JSON type', async () => {
    await place.expectOutcomes('type: string, mixed: true', [
      ['"x"', 'x'],
      ['"false"', 'false'],
      ['"{}"', '{}'],
      ['false', 'false'],
      ['7', '7'],
      ['-1.5', '-1.5'],
      ['9223372036854775807', '9223372036854775807'],
      ['[1,"a"]', '[1,"a"]'],
      ['{"medium":"email"}', '{"medium":"email"}'],
      ['null', null],
      ['""', null],
    ]);
  });

  test('int64', async () => {
    await place.expectOutcomes('type: int64', [
      ['"9223372036854775807"', 9223372036854775807n],
      ['"9223372036854775808"', '[out_of_range]'],
      ['"-9223372036854775808"', -9223372036854775808n],
      ['"-9223372036854775809"', '[out_of_range]'],
      ['9223372036854775807', 9223372036854775807n],
      ['9223372036854775808', '[out_of_range]'],
      ['-9223372036854775808', -9223372036854775808n],
      ['-9223372036854775809', '[out_of_range]'],
      ['18446744073709551616', '[out_of_range]'],
      ['1515915625519388267', 1515915625519388267n],
      [`"${'9'.repeat(5000)}"`, '[out_of_range]'],
      [`"${'0'.repeat(5000)}7"`, 7n],
      ['"-0"', 0n],
      ['-0', 0n],
      ['1.0', '[not_an_integer]'],
      ['1e3', '[not_an_integer]'],
      ['1e400', '[not_an_integer]'],
      ['NaN', '[not_an_integer]'],
      ['"1.0"', '[not_an_integer]'],
      ['"1e3"', '[not_an_integer]'],
      ['"+1"', '[not_an_integer]'],
      ['" 1"', '[not_an_integer]'],
      ['"1 "', '[not_an_integer]'],
      ['"1\\n"', '[not_an_integer]'],
      ['"0x1F"', '[not_an_integer]'],
      ['"1_000"', '[not_an_integer]'],
      ['"１"', '[not_an_integer]'],
      ['"-"', '[not_an_integer]'],
      ['"true"', '[not_an_integer]'],
      ['true', '[wrong_type]'],
      ['[1]', '[wrong_type]'],
    ]);
    await place.expectOutcomes('type: int64, min: -5, max: "9223372036854775807"', [
      ['"-5"', -5n],
      ['"-6"', '[below_minimum]'],
      ['"9223372036854775807"', 9223372036854775807n],
    ]);
    await place.expectOutcomes('type: int64, max: 5', [
      ['5', 5n],
      ['6', '[above_maximum]'],
      ['"99999999999999999999"', '[out_of_range]'],
    ]);
  });

  test('int64, with decimals that are zero', async () => {
    await place.expectOutcomes('type: int64, zeroDecimals: true', [
      ['"17850.0"', 17850n],
      ['"-5.000"', -5n],
      ['17850.0', 17850n],
      ['1e3', 1000n],
      ['"17850.5"', '[not_an_integer]'],
      ['"17850."', '[not_an_integer]'],
      ['"1e3"', '[not_an_integer]'],
      ['"9007199254740993.0"', 9007199254740993n],
      ['9007199254740993', 9007199254740993n],
      ['9007199254740991.0', 9007199254740991n],
      ['9007199254740993.0', '[too_precise]'],
      ['"9223372036854775808.0"', '[out_of_range]'],
    ]);
  });

  test('double', async () => {
    await place.expectOutcomes('type: double', [
      ['"1.5"', 1.5],
      ['1.5', 1.5],
      ['"-1.5E+2"', -150],
      ['1e2', 100],
      ['"7"', 7],
      ['"1e-400"', 0],
      ['"1.7976931348623157e308"', Number.MAX_VALUE],
      ['"1e309"', '[out_of_range]'],
      ['-1e309', '[out_of_range]'],
      ['"NaN"', '[not_a_number]'],
      ['NaN', '[not_a_number]'],
      ['"Infinity"', '[not_a_number]'],
      ['-Infinity', '[not_a_number]'],
      ['".5"', '[not_a_number]'],
      ['"5."', '[not_a_number]'],
      ['"1e"', '[not_a_number]'],
      ['" 1"', '[not_a_number]'],
      ['false', '[wrong_type]'],
      ['{}', '[wrong_type]'],
    ]);
    await place.expectOutcomes('type: double, min: -0.5, max: 1000', [
      ['-0.5', -0.5],
      ['"-0.51"', '[below_minimum]'],
      ['1000', 1000],
      ['"1000.0001"', '[above_maximum]'],
    ]);
  });

  test('decimal', async () => {
    await place.expectOutcomes('type: "decimal(5,2)"', [
      ['"31.90"', '31.90'],
      ['31.9', '31.90'],
      ['"-999.99"', '-999.99'],
      ['"1000"', '[out_of_range]'],
      ['"999.990000"', '999.99'],
      ['"999.995"', '[too_precise]'],
      ['"0.001"', '[too_precise]'],
      ['1.005', '[too_precise]'],
      ['"00000000000000000000000000000000000000000000001"', '1.00'],
      ['1e2', '100.00'],
      ['1e21', '[not_a_number]'],
      ['"1e2"', '[not_a_number]'],
      ['"5."', '[not_a_number]'],
      ['".5"', '[not_a_number]'],
      ['"1,5"', '[not_a_number]'],
      ['"$5"', '[not_a_number]'],
      ['NaN', '[not_a_number]'],
      ['true', '[wrong_type]'],
    ]);
    await place.expectOutcomes('type: "decimal(5,0)"', [
      ['"7"', '7'],
      ['"7.0"', '7'],
      ['"7.1"', '[too_precise]'],
      ['"99999"', '99999'],
      ['"100000"', '[out_of_range]'],
    ]);
    const digits = '12345678901234567890123456789012345678';
    await place.expectOutcomes('type: "decimal(38,0)", min: 0', [
      [`"${digits}"`, digits],
      [`"${digits}9"`, '[out_of_range]'],
      ['"-1"', '[below_minimum]'],
    ]);
    await place.expectOutcomes('type: "decimal(38,38)", min: 0, max: 0.5', [
      [`"0.${digits}"`, `0.${digits}`],
      ['"0.6"', '[above_maximum]'],
      ['"1"', '[out_of_range]'],
    ]);
    await place.expectOutcomes('type: "decimal(12,2)", min: 0.50', [
      ['"0.50"', '0.50'],
      ['"0.49"', '[below_minimum]'],
    ]);
    await place.expectOutcomes('type: "decimal(20,2)"', [
      ['"123456789012345678.90"', '123456789012345678.90'],
      ['1234567890.12', '1234567890.12'],
      ['123456789012345.67', '[too_precise]'],
    ]);
  });

  test('boolean', async () => {
    await place.expectOutcomes('type: boolean', [
      ['"true"', true],
      ['false', false],
      ['"TRUE"', '[not_a_boolean]'],
      ['"1"', '[not_a_boolean]'],
      ['"yes"', '[not_a_boolean]'],
      ['1', '[wrong_type]'],
      ['[]', '[wrong_type]'],
    ]);
  });
});
