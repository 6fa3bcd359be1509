import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDataset } from '../../config/dataset/parse.ts';
import { encodingOf } from '../../ingestion/dialect.ts';
import { readFormat } from '../../ingestion/format.ts';
import { toBlocks } from '../../ingestion/lines.ts';
import { openSource, readSource } from '../../ingestion/source-file.ts';
import { encodedEvent, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => rm(place.folder, { recursive: true }));

const datasetOf = (source: string) =>
  parseDataset(
    `
name: cum
source: {type: file${source ? `, ${source}` : ''}}
key: user_id
time: ts
columns:
  - {name: ts, type: timestamp, required: true}
  - {name: user_id, type: string, required: true}
  - {name: n, type: int64}
`,
    'dataset.yml',
  );

/** The events of a file with this content as objects, or the reasons why lines are none. */
async function eventsOf(source: string, content: string | Buffer): Promise<unknown[]> {
  const dataset = datasetOf(source);
  const file = await openSource(await place.put('file', content), '', encodingOf(dataset.source));
  const format = await readFormat(dataset, file);
  if (!format) return [];
  const encoder = format.encoder();
  const blocks = toBlocks(readSource(file, format.header.bytes));
  const events: unknown[] = [];
  for await (const group of format.records(blocks, format.header.nextLine, async () => true)) {
    for (const [i, row] of group.rows.entries()) {
      if (row && 'reason' in row) events.push(row.reason);
      else {
        const { key, value } = encodedEvent(encoder, group, i);
        events.push([key?.toString() ?? null, JSON.parse(value.toString())]);
      }
    }
  }
  return events;
}

const TS = '2024-01-01T00:00:00Z';
const ONE = [['a', { ts: TS, user_id: 'a', n: '1' }]];
const utf16 = (text: string, mark = true) => Buffer.from(`${mark ? '\ufeff' : ''}${text}`, 'utf16le');

describe('not_comma_utf8', () => {
  test.each([
    ['semicolon', 'delimiter: ";"', `ts;user_id;n\n${TS};a;1\n`],
    ['tab', 'delimiter: "\\t"', `ts\tuser_id\tn\n${TS}\ta\t1\n`],
    ['pipe', 'delimiter: "|"', `ts|user_id|n\n${TS}|a|1\n`],
    ['excel_sep_line', '', `sep=,\nts,user_id,n\n${TS},a,1\n`],
    ['a sep line of another delimiter', '', `sep=;\r\nts;user_id;n\r\n${TS};a;1\r\n`],
    ['header_case', '', `TS,User_ID,N\n${TS},a,1\n`],
    ['header_spaces', '', `ts, user_id, n\n${TS},a,1\n`],
    ['utf16_bom', 'encoding: utf-16le', utf16(`ts,user_id,n\n${TS},a,1\n`)],
    ['utf16le_nobom', 'encoding: utf-16le', utf16(`ts,user_id,n\n${TS},a,1\n`, false)],
    ['utf16be', 'encoding: utf-16be', utf16(`ts,user_id,n\n${TS},a,1\n`).swap16()],
    ['single quotes', `quote: "'"`, `ts,user_id,n\n${TS},'a',1\n`],
    ['nulls', 'nulls: [NA, "-"]', `ts,user_id,n,x\n${TS},a,1,\n`],
  ])('%s passes where it is described', async (_case, source, content) => {
    expect(await eventsOf(source, content)).toEqual(ONE);
  });

  test('ndjson carries each object as it is written, and names the lines that hold none', async () => {
    const lines = [
      `{"ts":"${TS}","user_id":"a","n":1}`,
      `{"ts":"${TS}","user_id":1515915625438750129,"inner":{"user_id":2}}`,
      '',
      '{"ts":',
      '[1]',
      `{"user_id":"${'x'.repeat(140_000)}"}`,
      `{"ts":"${TS}","n":1}`,
    ];
    expect(await eventsOf('format: ndjson', `\ufeff${lines.join('\r\n')}`)).toEqual([
      ['a', { ts: TS, user_id: 'a', n: 1 }],
      ['1515915625438750129', expect.objectContaining({ inner: { user_id: 2 } })],
      'line:not_json',
      'line:not_json',
      'line:too_long',
      [null, { ts: TS, n: 1 }],
    ]);
  });

  test('latin1 is read as windows-1252, and a line that is not UTF-8 is none without it', async () => {
    const bytes = Buffer.from(`ts,user_id,n\n${TS},caf\xe9 \x80,1\n`, 'latin1');
    expect(await eventsOf('encoding: windows-1252', bytes)).toEqual([
      ['café €', { ts: TS, user_id: 'café €', n: '1' }],
    ]);
    expect(await eventsOf('', bytes)).toEqual(['line:invalid_utf8']);
  });

  test.each([
    [
      'semicolon',
      `ts;user_id;n\n${TS};a;1\n`,
      'the header is separated by ";", not by ","',
      'source.delimiter to ";"',
    ],
    ['tab', `ts\tuser_id\n${TS}\ta\n`, 'is separated by "\\t"', 'source.delimiter to "\\t"'],
    ['utf16_bom', utf16('ts,user_id\n'), 'is UTF-16', 'source.encoding to utf-16le'],
    ['utf16le_nobom', utf16('ts,user_id\n', false), 'is UTF-16', 'source.encoding to utf-16le'],
    ['utf16be', utf16('ts,user_id\n').swap16(), 'is UTF-16', 'source.encoding to utf-16be'],
    ['events', `{"ts":"${TS}","user_id":"a"}\n`, 'holds JSON', 'source.format to ndjson'],
    ['latin1 header', Buffer.from('ts,user_id,\xe9\n', 'latin1'), 'it is not UTF-8', 'source.encoding'],
  ])('%s is named as the cause where it is not described', async (_case, content, message, hint) => {
    await expect(eventsOf('', content)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  test('a name that two columns of the header could mean is none of them', async () => {
    await expect(eventsOf('', `ts,User_ID,USER_ID\n${TS},a,b\n`)).rejects.toMatchObject({
      code: 'ingest:duplicate_column',
    });
    expect(await eventsOf('', `ts,user_id,USER_ID\n${TS},a,b\n`)).toEqual([['a', { ts: TS, user_id: 'a' }]]);
  });
});

test('rows are the same in every dialect, with any text', async () => {
  const text = fc
    .array(
      fc.constantFrom('a', 'é', '€', ' ', ';', ',', '\t', '|', '"', "'", '\\', '\n', '\r\n', '0', 'sep='),
    )
    .map((parts) => parts.join(''));
  const dialect = fc.record({
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    quote: fc.constantFrom('"', "'"),
    escape: fc.constantFrom(null, '\\'),
    end: fc.constantFrom('\n', '\r\n'),
    encoding: fc.constantFrom('utf-8', 'utf-16le', 'windows-1252'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), dialect, async (texts, one) => {
      const { delimiter, quote, escape: escapedBy, end, encoding } = one;
      const field = (value: string) => {
        // A backslash that is no escape stays as it is; one before a quote would be one.
        const inner =
          escapedBy === null
            ? value.replaceAll(quote, quote + quote)
            : value.replaceAll(escapedBy, escapedBy + escapedBy).replaceAll(quote, escapedBy + quote);
        return `${quote}${inner}${quote}`;
      };
      const rows = [['ts', 'user_id', 'n'], ...texts.map((value, i) => [TS, value, `${i}`])];
      const content = rows.map((row) => row.map(field).join(delimiter) + end).join('');
      const bytes =
        encoding === 'utf-16le'
          ? utf16(content)
          : encoding === 'utf-8'
            ? Buffer.from(content)
            : Buffer.from(content.replaceAll('€', '\x80'), 'latin1');
      const source = [
        `delimiter: ${JSON.stringify(delimiter)}, quote: ${JSON.stringify(quote)}, encoding: ${encoding}`,
        ...(escapedBy === null ? [] : [`escape: ${JSON.stringify(escapedBy)}`]),
      ].join(', ');
      expect(await eventsOf(source, bytes)).toEqual(
        texts.map((value, i) => [value || null, { ts: TS, user_id: value || null, n: `${i}` }]),
      );
    }),
    { numRuns: 150 },
  );
});
