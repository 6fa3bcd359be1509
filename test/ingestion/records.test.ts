import { describe, expect, test } from '@jest/globals';
import { toBlocks } from '../../ingestion/lines.ts';
import { fieldsOf } from '../../ingestion/record-group.ts';
import { toRecords } from '../../ingestion/records.ts';

const MAX = 131_072;

type Found = [line: number, row: readonly string[] | string];

/**
 * Every record: the line on which it begins, and its fields or its reason. The first line has the number 2.
 */
async function records(content: string | Buffer, fieldCount = 2): Promise<Found[]> {
  const found: Found[] = [];
  const stream = (async function* () {
    yield Buffer.from(content);
  })();
  for await (const group of toRecords(toBlocks(stream), 2, fieldCount)) {
    for (const [i, line] of group.lines.entries()) {
      const row = fieldsOf(group, i);
      found.push([line, 'reason' in row ? row.reason : row]);
    }
  }
  return found;
}

describe('records', () => {
  test.each<[string, string | Buffer, Found[]]>([
    ['nothing', '', []],
    ['one line without its end', 'a,b', [[2, ['a', 'b']]]],
    [
      'LF and CRLF',
      'a,b\nc,d\r\ne,f',
      [
        [2, ['a', 'b']],
        [3, ['c', 'd']],
        [4, ['e', 'f']],
      ],
    ],
    ['a last line that ends in a carriage return', 'a,b\r', [[2, ['a', 'b']]]],
    ['a quoted last line that ends in a carriage return', '"a","b"\r', [[2, ['a', 'b']]]],
    ['a carriage return inside a line', 'a\rb,c\n', [[2, ['a\rb', 'c']]]],
    [
      'blank lines',
      '\n\r\na,b\n\n\nc,d\n\n',
      [
        [4, ['a', 'b']],
        [7, ['c', 'd']],
      ],
    ],
    [
      'empty fields',
      ',\n"",""\n',
      [
        [2, ['', '']],
        [3, ['', '']],
      ],
    ],
    ['spaces, which are data', ' a , b \n', [[2, [' a ', ' b ']]]],
    ['commas and quotes in quotes', '"a,b","c ""d"""\n', [[2, ['a,b', 'c "d"']]]],
    [
      'line breaks in quotes',
      'a,"b\nc\r\n\nd"\ne,f\n',
      [
        [2, ['a', 'b\nc\r\n\nd']],
        [6, ['e', 'f']],
      ],
    ],
    ['a byte order mark, which is data here', '\ufeffa,b\n', [[2, ['\ufeffa', 'b']]]],
    [
      'a NUL',
      'a\0,b\n"c\0",d\n',
      [
        [2, ['a\0', 'b']],
        [3, ['c\0', 'd']],
      ],
    ],
  ])('%s', async (_what, content, expected) => {
    expect(await records(content)).toEqual(expected);
  });

  test.each<[string, string | Buffer, Found[]]>([
    [
      'too few fields',
      'a\nb,c\n',
      [
        [2, 'line:wrong_field_count'],
        [3, ['b', 'c']],
      ],
    ],
    [
      'too many fields',
      'a,b,c\nb,c\n',
      [
        [2, 'line:wrong_field_count'],
        [3, ['b', 'c']],
      ],
    ],
    [
      'a quoted record of several lines with too few',
      '"a\nb,c"\nd,e\n',
      [
        [2, 'line:wrong_field_count'],
        [3, 'line:broken_quote'],
        [4, ['d', 'e']],
      ],
    ],
    [
      'a quote in an unquoted field',
      'a"b,c\nd,e\n',
      [
        [2, 'line:broken_quote'],
        [3, ['d', 'e']],
      ],
    ],
    [
      'text after a closing quote',
      '"a"b,c\nd,e\n',
      [
        [2, 'line:broken_quote'],
        [3, ['d', 'e']],
      ],
    ],
    [
      'a NUL after a closing quote',
      '"a"\0,c\nd,e\n',
      [
        [2, 'line:broken_quote'],
        [3, ['d', 'e']],
      ],
    ],
    [
      'a quote that is never closed',
      'a,"b\nc,d\ne,f',
      [
        [2, 'line:broken_quote'],
        [3, ['c', 'd']],
        [4, ['e', 'f']],
      ],
    ],
    [
      'a quote that the next quote closes wrongly',
      'a,"b\nc,"d"\n',
      [
        [2, 'line:broken_quote'],
        [3, ['c', 'd']],
      ],
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from('a,\xff\nb,c\n', 'latin1'),
      [
        [2, 'line:invalid_utf8'],
        [3, ['b', 'c']],
      ],
    ],
    [
      'a character cut in half by the line end',
      Buffer.from('a,\xc3\n\xa9,c\n', 'latin1'),
      [
        [2, 'line:invalid_utf8'],
        [3, 'line:invalid_utf8'],
      ],
    ],
    [
      'not UTF-8 on a later line of a quoted record',
      Buffer.from('a,"b\n\xff"\nc,d\n', 'latin1'),
      [
        [2, 'line:invalid_utf8'],
        [3, 'line:invalid_utf8'],
        [4, ['c', 'd']],
      ],
    ],
    ['not UTF-8, and too few fields', Buffer.from('\xff\n', 'latin1'), [[2, 'line:invalid_utf8']]],
  ])('a record with %s costs one line', async (_what, content, expected) => {
    expect(await records(content)).toEqual(expected);
  });

  test('as long as they may be, and one byte longer', async () => {
    const long = 'x'.repeat(MAX - 2);
    expect(await records(`${long},y\na,b\n`)).toEqual([
      [2, [long, 'y']],
      [3, ['a', 'b']],
    ]);
    expect(await records(`${long}x,y\na,b\n`)).toEqual([
      [2, 'line:too_long'],
      [3, ['a', 'b']],
    ]);
    const quoted = 'x'.repeat(MAX - 4);
    expect(await records(`"${quoted}",y\na,b\n`)).toEqual([
      [2, [quoted, 'y']],
      [3, ['a', 'b']],
    ]);
    expect(await records(`"${quoted}x",y\na,b\n`)).toEqual([
      [2, 'line:too_long'],
      [3, ['a', 'b']],
    ]);
  });

  test('of several lines are as long as they may be, and one byte longer', async () => {
    const half = 'x'.repeat(MAX / 2);
    const rest = 'x'.repeat(MAX / 2 - 5);
    expect(await records(`"${half}\n${rest}",y\na,b\n`)).toEqual([
      [2, [`${half}\n${rest}`, 'y']],
      [4, ['a', 'b']],
    ]);
    expect(await records(`"${half}\n${rest}x",y\na,b\n`)).toEqual([
      [2, 'line:broken_quote'],
      [3, 'line:broken_quote'],
      [4, ['a', 'b']],
    ]);
  });

  test('that a line too long would have been part of are broken, and the lines after it are read', async () => {
    const long = `${'x'.repeat(3_000_000)}"`;
    expect(await records(`a,"b\n${long},c\nd,e\n`)).toEqual([
      [2, 'line:broken_quote'],
      [3, 'line:too_long'],
      [4, ['d', 'e']],
    ]);
  });

  test('keep of a line that is too long its beginning, of any other bad line all but its end', async () => {
    const raws: Buffer[] = [];
    const stream = (async function* () {
      yield Buffer.from(`a\r\n${'é'.repeat(MAX)}\nb"\n`);
    })();
    for await (const { rows } of toRecords(toBlocks(stream), 2, 2)) {
      for (const row of rows) if (row && 'reason' in row) raws.push(row.raw);
    }
    expect(raws.map(String)).toEqual(['a', 'é'.repeat(MAX / 2), 'b"']);
  });

  test('one stray quote before many quoted lines is found in time', async () => {
    const began = performance.now();
    expect((await records(`"\n${'""\n'.repeat(40_000)}`)).length).toBe(40_001);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

test('a file that is one endless line is read in constant memory', async () => {
  const piece = Buffer.alloc(1 << 20, 'x');
  const before = process.memoryUsage().arrayBuffers;
  let [most, rows, bytes] = [0, 0, 0];
  const stream = (async function* () {
    for (let i = 0; i < 200; i += 1) yield piece;
  })();
  for await (const group of toRecords(toBlocks(stream), 1, 2)) {
    rows += group.rows.length;
    bytes += group.bytes.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  expect([rows, bytes]).toEqual([1, 200 << 20]);
  expect(most - before).toBeLessThan(20 << 20);
});
