import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventsFields } from '../../core/lake-tables.ts';
import { datasetOf, event, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

test('a JSON value is kept as its text', () =>
  place.expectOutcomes('type: json', [
    ['{"b":1,"a":{"c":[true,null]}}', '{"b":1,"a":{"c":[true,null]}}'],
    ['{ "b" : 1 }', '{"b":1}'],
    ['{"a":1,"a":2}', '{"a":1,"a":2}'],
    ['{"a":"x, ] y \\" NaN"}', '{"a":"x, ] y \\" NaN"}'],
    ['[]', '[]'],
    ['[1,2.5]', '[1,2.5]'],
    ['9223372036854775807', '9223372036854775807'],
    ['[-9223372036854775808]', '[-9223372036854775808]'],
    ['true', 'true'],
    ['null', null],
  ]));

test('a JSON string holds the text of a JSON value, as a field of a CSV file does, which stays as it is written', () =>
  place.expectOutcomes('type: json', [
    [JSON.stringify('{ "b" : 1, "b":2.50 }'), '{ "b" : 1, "b":2.50 }'],
    [JSON.stringify('"text"'), '"text"'],
    [JSON.stringify('null'), 'null'],
    [JSON.stringify('12345678901234567890.10'), '12345678901234567890.10'],
    [JSON.stringify('"inf, ] and nan"'), '"inf, ] and nan"'],
    ['""', null],
    ['"hello"', '[not_json]'],
    [JSON.stringify('{"a":1'), '[not_json]'],
    [JSON.stringify('{"a":1} x'), '[not_json]'],
    [JSON.stringify("{'a':1}"), '[not_json]'],
  ]));

test('what only some readers take for JSON is rejected', () =>
  place.expectOutcomes('type: json', [
    ['NaN', '[not_json]'],
    ['{"a":-Infinity}', '[not_json]'],
    [JSON.stringify('[1,]'), '[not_json]'],
    [JSON.stringify('{"a":[1, ]}'), '[not_json]'],
    // In the event itself a last comma is let pass, and gone from the text.
    ['[1,]', '[1]'],
  ]));

test('is text in the lake, and a required one must be there', async () => {
  const dataset = datasetOf('name: n, type: json, required: true');
  expect(eventsFields(dataset)[2]).toEqual({ name: 'n', type: 'string', nullable: true });
  const rows = await place.check(dataset, [event('a', '"n":null'), event('a', '"n":{}'), event('a')]);
  expect(rows.map(({ reason, n }) => [reason, n])).toEqual([
    ['n:missing', null],
    [null, '{}'],
    ['n:missing', null],
  ]);
});

test('a column is read from the field that it names', async () => {
  const names = ['Customer ID', 'a/b', 'a~1b', 'x.y', '0', "it's", 'q"q', '*', '$', 'größe'];
  const columns = names.map((name, i) => `name: c${i}, type: int64, from: ${JSON.stringify(name)}`);
  const fields = names.map((name, i) => `${JSON.stringify(name)}:${i}`).join(',');
  const [row] = await place.check(datasetOf(...columns), [event('a', fields)]);
  expect(names.map((_, i) => row?.[`c${i}`])).toEqual(names.map((_, i) => BigInt(i)));
  const [wrong] = await place.check(datasetOf(...columns), [event('a', '"c0":1,"Customer ID":"one"')]);
  expect(wrong).toMatchObject({ reason: 'c0:not_an_integer', detail: 'one', c0: null });
});
