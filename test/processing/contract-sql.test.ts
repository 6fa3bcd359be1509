import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { datasetOf, event, type Value, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

describe('the whole value', () => {
  const good = event('a');
  test.each<[string, Value, string | null]>([
    ['null', null, 'value:null'],
    ['over a million bytes', `{"k":"${'x'.repeat(1_000_000)}"}`, 'value:too_large'],
    ['over a million bytes that are not UTF-8', Buffer.alloc(1_000_001, 0xff), 'value:too_large'],
    ['not UTF-8', Buffer.from('{"k":"\xff"}', 'latin1'), 'value:invalid_utf8'],
    ['empty', '', 'value:not_json'],
    ['text', 'hello', 'value:not_json'],
    ['two objects', `${good}${good}`, 'value:not_json'],
    ['an object that is cut off', good.slice(0, -1), 'value:not_json'],
    ['an object after a byte order mark', `\ufeff${good}`, 'value:not_json'],
    ['a bad escape', event('\\x'), 'value:not_json'],
    ['a control character in a string', event('\t'), 'value:not_json'],
    ['half a surrogate pair', event('\\ud83d'), 'value:not_json'],
    ['a number with a leading zero', event('a', '"x":01'), 'value:not_json'],
    ['an array', '[]', 'value:not_an_object'],
    ['JSON null', 'null', 'value:not_an_object'],
    ['a JSON string', '"{}"', 'value:not_an_object'],
    ['an object', good, null],
    ['an object between white space', `\n\t ${good} \r\n`, null],
    ['an object with unknown fields', event('a', '"x":[{"y":1e400}],"K":7,"ts ":null'), null],
    ['an object with a number of 100,000 digits', event('a', `"x":${'9'.repeat(100_000)}`), null],
    ['100,000 arrays in each other', event('a', `"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`), null],
    ['100,000 arrays that are not closed', event('a', `"x":${'['.repeat(100_000)}`), 'value:not_json'],
    ['a million bytes', event('x'.repeat(1_000_000 - event('').length)), null],
  ])('that is %s', async (_what, value, reason) => {
    expect((await place.check(datasetOf(), [value]))[0]?.reason).toBe(reason);
  });
});

describe('columns', () => {
  test('are checked in their order, each rule in its own: the first that fails is the reason', async () => {
    const dataset = datasetOf(
      'name: n, type: int64, required: true, min: 10',
      'name: m, type: int64, required: true',
    );
    const rows = await place.check(dataset, [
      '{}',
      '{"ts":"x","n":"x"}',
      event('a', '"m":"x"'),
      event('a', '"n":[],"m":"x"'),
      event('a', '"n":"1"'),
      event('a', '"n":"10"'),
    ]);
    expect(rows.map(({ reason }) => reason)).toEqual([
      'ts:missing',
      'ts:not_a_timestamp',
      'n:missing',
      'n:wrong_type',
      'n:below_minimum',
      'm:missing',
    ]);
  });

  test('that are required are neither absent, nor null, nor empty; others may be, and are null then', async () => {
    const written = [event('a'), event('a', '"n":null'), event('a', '"n":""')];
    expect(
      (await place.check(datasetOf('name: n, type: string, required: true'), written)).map(
        ({ reason }) => reason,
      ),
    ).toEqual(['n:missing', 'n:missing', 'n:missing']);
    for (const type of ['string', 'int64', 'double', 'boolean', 'date', 'timestamp', '"decimal(5,2)"']) {
      const rows = await place.check(datasetOf(`name: n, type: ${type}`), written);
      expect(rows.map(({ reason, n }) => [reason, n])).toEqual([
        [null, null],
        [null, null],
        [null, null],
      ]);
    }
  });

  test('say what offended, at most 200 characters of it', async () => {
    const written = [
      event('a', '"n":"abc"'),
      event('a', `"n":"${'é'.repeat(300)}"`),
      event('a', '"n":{"a": 1}'),
      event('a', '"n":true'),
      'text',
    ];
    const details = (await place.check(datasetOf('name: n, type: int64'), written)).map(
      ({ detail }) => detail,
    );
    expect(details).toEqual(['abc', 'é'.repeat(200), '{"a":1}', 'true', null]);
  });

  test('may be named by escapes, and of a name given twice the first counts', async () => {
    const rows = await place.check(datasetOf('name: n, type: string'), [
      event('a', '"\\u006e":"x"'),
      event('a', '"n":"1","n":2'),
      event('a', '"n":1,"n":"2"'),
      event('a', '"n\\u0000":"x"'),
    ]);
    expect(rows.map(({ reason, n }) => reason ?? n)).toEqual(['x', '1', 'n:wrong_type', null]);
  });

  test('may have any name that a dataset file lets pass', async () => {
    const words = (
      await place.sql.rows('SELECT DISTINCT keyword_name AS word FROM duckdb_keywords() ORDER BY word')
    ).map(({ word }) => String(word));
    const allowed = words.filter((word) => {
      try {
        return datasetOf(`name: "${word}", type: int64, min: 0`);
      } catch (error) {
        expect(error).toMatchObject({
          message: expect.stringMatching(/is a word of SQL|that the lake uses itself/),
        });
        return false;
      }
    });
    expect(allowed).toEqual(
      expect.arrayContaining(
        ['user', 'name', 'type', 'time', 'timestamp', 'year', 'date'].filter((word) => words.includes(word)),
      ),
    );
    const dataset = datasetOf(...allowed.map((word) => `name: ${word}, type: int64, min: 0`));
    const [row] = await place.check(dataset, [
      `{"ts":"2020-01-01",${allowed.map((word, i) => `"${word}":${i}`).join()}}`,
    ]);
    expect(row).toEqual({
      reason: null,
      detail: null,
      ts: '2020-01-01T00:00:00Z',
      k: null,
      ...Object.fromEntries(allowed.map((word, i) => [word, BigInt(i)])),
    });
  });
});
