import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventEncoder } from '../../ingestion/events.ts';
import { readHeader } from '../../ingestion/header.ts';
import { plainRecords } from '../../ingestion/plain-records.ts';
import { openSource } from '../../ingestion/source-file.ts';
import { DATASET, encodedEvent, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => rm(place.folder, { recursive: true }));

const header = async (content: string | Buffer) =>
  readHeader(await openSource(await place.put('file.csv', content), ''));

describe('the header', () => {
  test.each([
    ['at,id\n1,2\n', { names: ['at', 'id'], bytes: 6, nextLine: 2, ended: true }],
    ['at,id\r\n1,2\r\n', { names: ['at', 'id'], bytes: 7, nextLine: 2, ended: true }],
    ['at,id', { names: ['at', 'id'], bytes: 5, nextLine: 1, ended: false }],
    ['\ufeffat,id\n', { names: ['at', 'id'], bytes: 9, nextLine: 2, ended: true }],
    ['\ufeff"at","i,d"\n', { names: ['at', 'i,d'], bytes: 14, nextLine: 2, ended: true }],
    ['\n\r\n  \nat,id\n', { names: ['at', 'id'], bytes: 12, nextLine: 5, ended: true }],
    ['\ufeff\nat,id\n', { names: ['at', 'id'], bytes: 10, nextLine: 3, ended: true }],
    ['größe,naïve\n', { names: ['größe', 'naïve'], bytes: 15, nextLine: 2, ended: true }],
    ['at,"i\nd"\n1,2\n', { names: ['at', 'i\nd'], bytes: 9, nextLine: 3, ended: true }],
    ['at,"i""\r\nd"\r\n', { names: ['at', 'i"\r\nd'], bytes: 13, nextLine: 3, ended: true }],
    ['sep=;\nat;id\n', { names: ['at', 'id'], bytes: 12, nextLine: 3, ended: true, delimiter: ';' }],
    ['"sep=\t"\r\nat\tid\n', { names: ['at', 'id'], bytes: 15, nextLine: 3, ended: true, delimiter: '\t' }],
    ['', null],
    ['\n\r\n', null],
    ['\ufeff', null],
  ])('of %j', async (content, expected) => {
    expect(await header(content)).toEqual(expected && { delimiter: ',', ...expected });
  });

  test.each([
    ['an open quote', '\n"at,id\n1,2\n', 2],
    ['bytes that are not UTF-8', Buffer.from('at,\xff\n', 'latin1'), 1],
    ['no end within 131,072 bytes', `${'x'.repeat(140_000)}\n`, 1],
    ['no end at all', 'x'.repeat(3_000_000), 1],
    ['lines that end in carriage returns alone', 'at,id\r1,2\r3,4\r', 1],
  ])('with %s is refused, with its line', async (_what, content, line) => {
    await expect(header(content)).rejects.toMatchObject({
      code: 'ingest:bad_header',
      message: expect.stringContaining(`file.csv:${line}: `),
      hint: expect.stringMatching(/CSV|source\.encoding/),
    });
  });
});

describe('columns', () => {
  const encoder = (...names: string[]) => eventEncoder(DATASET, names, 'file.csv');
  /** The event of one line, key and value as text; `plain` lines hold nothing that needs escaping. */
  const encoded = (names: string[], fields: string[], plain = false) => {
    const bytes = Buffer.from(`${fields.join()}\n`);
    const simple = {
      bytes,
      rows: [fields],
      lines: [1],
      ends: [bytes.length],
      nextLine: 2,
      withinLine: false,
    };
    const group = (plain ? plainRecords(bytes, 1, fields.length, ',') : null) ?? { ...simple, plain: null };
    const { key, value } = encodedEvent(encoder(...names), group, 0);
    return { key: key === null ? null : key.toString(), value: value.toString() };
  };
  const encode = (names: string[], fields: string[], plain = false) => encoded(names, fields, plain).value;

  test('may stand in any order, and those that the contract does not name are not carried', () => {
    const { extra, absent } = encoder('x', 'text', 'id', 'y', 'at');
    expect({ extra, absent }).toEqual({ extra: ['x', 'y'], absent: [] });
    for (const plain of [false, true]) {
      expect(encode(['x', 'text', 'id', 'y', 'at'], ['1', 'hello', '7', '2', 'now'], plain)).toBe(
        '{"at":"now","id":"7","text":"hello"}',
      );
    }
  });

  test('without a name are said by their number', () => {
    expect(encoder('at', '', 'id', '').extra).toEqual([
      'column 2 (without a name)',
      'column 4 (without a name)',
    ]);
  });

  test('that are optional may be absent', () => {
    expect(encoder('id', 'at').absent).toEqual(['text']);
    expect(encode(['id', 'at'], ['7', 'now'])).toBe('{"at":"now","id":"7"}');
  });

  test('that are required may not: all that are missing are named', () => {
    expect(() => encoder('text', 'KEY')).toThrow(
      expect.objectContaining({
        code: 'ingest:missing_column',
        message: 'file.csv: the header lacks the required columns at, id',
        hint: expect.stringContaining('text,KEY'),
      }),
    );
  });

  test('may not be given twice, but for those that are not carried', () => {
    expect(() => encoder('at', 'id', 'id')).toThrow(
      expect.objectContaining({
        code: 'ingest:duplicate_column',
        message: expect.stringContaining('id twice'),
      }),
    );
    expect(encoder('at', 'id', 'x', 'x').extra).toEqual(['x', 'x']);
    expect(() => encoder('x', 'at', 'x', 'id', 'id')).toThrow(
      expect.objectContaining({ code: 'ingest:duplicate_column' }),
    );
  });

  test('become JSON strings, with any content; empty ones become null', () => {
    const names = ['at', 'id', 'text'];
    for (const text of ['a"b\\c', '\t\r\n\0\u001f', 'é💶\u2028\ufeff', '1', 'null', ' ', '\u007f']) {
      expect(JSON.parse(encode(names, ['now', '1', text]))).toEqual({ at: 'now', id: '1', text });
    }
    for (const plain of [false, true])
      expect(encode(names, ['', '1', ''], plain)).toBe('{"at":null,"id":"1","text":null}');
    expect(encode(names, ['now', '1', 'é'], true)).toBe('{"at":"now","id":"1","text":"é"}');
  });

  test('give the key of an event, which may have none', () => {
    for (const plain of [false, true]) {
      expect(encoded(['text', 'id', 'at'], ['a', '7', 'b'], plain).key).toBe('7');
      expect(encoded(['text', 'id', 'at'], ['a', '', 'b'], plain).key).toBeNull();
    }
  });
});
