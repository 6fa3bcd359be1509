import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { python } from '../oracle/compare.ts';
import { type Environment, embedded, json, putToRest } from './end-to-end-environment.ts';

jest.setTimeout(180_000);

interface Dialect {
  readonly format: 'csv' | 'ndjson';
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string | null;
  readonly nulls: readonly string[];
}

const CSV: Dialect = {
  format: 'csv',
  encoding: 'utf-8',
  delimiter: ',',
  quote: '"',
  escape: null,
  nulls: [],
};
/** Notes that need quotes in one dialect or another. */
const NOTES = [
  'a,b;c|d\te',
  `"it's"`,
  'back\\slash',
  'two\nlines',
  'café €',
  '',
  null,
  '{"a": [1]}',
  ' spaces ',
];
/** Ids above 2^53, and amounts whose digits a double would not keep. */
const ROWS = NOTES.map((note, i) => ({
  ts: `2024-05-01T10:00:0${i}Z`,
  id: `151591562543875012${i}`,
  amount: `1234567890123456.${i}9`,
  note,
}));
/** What any reader must find: an empty text is null. */
const EXPECTED = ROWS.map(({ ts, id, amount, note }) => [ts, id, amount, note || null]);

function written(dialect: Dialect, rows: readonly (typeof ROWS)[number][], end: string): string {
  if (dialect.format === 'ndjson') {
    const object = ({ ts, id, amount, note }: (typeof ROWS)[number]) =>
      `{"ts":"${ts}","id":${id},"amount":${amount},"note":${JSON.stringify(note || null)}}`;
    return rows.map((row) => object(row) + end).join('');
  }
  const { delimiter, quote, escape: escapedBy, nulls } = dialect;
  const field = (value: string | null) => {
    if (value === null) return nulls[0] ?? '';
    if (quote === '') return value;
    const inner = escapedBy === null ? value : value.replaceAll(escapedBy, escapedBy + escapedBy);
    return `${quote}${inner.replaceAll(quote, (escapedBy ?? quote) + quote)}${quote}`;
  };
  const line = (values: readonly (string | null)[]) => values.map(field).join(delimiter) + end;
  return rows.map(({ ts, id, amount, note }) => line([ts, id, amount, note])).join('');
}

function encoded(text: string, encoding: Dialect['encoding']): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text);
  if (encoding === 'windows-1252') return Buffer.from(text.replaceAll('€', '\x80'), 'latin1');
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  return encoding === 'utf-16le' ? little : little.swap16();
}

let environment: Environment;
beforeAll(async () => {
  environment = await embedded();
});
afterAll(() => environment.remove());

/**
 * Runs the job over the file in a lake of its own, and answers with the rows of file and table as Python
 * reads them.
 */
async function lakeOf(
  name: string,
  dialect: Dialect,
  fill: (path: string, run: () => Promise<unknown>) => Promise<void>,
) {
  const { format, encoding, delimiter, quote, nulls } = dialect;
  const source = {
    type: 'file',
    format,
    encoding,
    ...(format === 'csv' && { delimiter, quote, nulls, ...(dialect.escape && { escape: dialect.escape }) }),
  };
  const dataset = name.replaceAll(/\W/g, '_');
  const folder = join(environment.folder, 'datasets', dataset);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'dataset.yml'),
    `name: ${dataset}
source: ${JSON.stringify(source)}
key: id
time: ts
columns:
  - {name: ts, type: timestamp, required: true}
  - {name: id, type: int64, required: true}
  - {name: amount, type: 'decimal(18,2)'}
  - {name: note, type: string}
`,
  );
  const path = join(environment.folder, `file-${dataset}.${name.split('.')[1] ?? format}`);
  const EVENTLAKE_DATASETS = join(environment.folder, 'datasets');
  const own = { ...environment, variables: { ...environment.variables, EVENTLAKE_DATASETS } };
  await fill(path, async () => {
    await putToRest(path);
    return json(own, ['run', dataset, '--file', path]);
  });
  const table = join(environment.folder, 'home', 'lake', dataset, 'events');
  const request = JSON.stringify({ ...dialect, encoding: pythonName(encoding), path, table });
  return JSON.parse(
    execFileSync(python(), [join(import.meta.dirname, 'dialect_rows.py')], {
      input: request,
      encoding: 'utf8',
    }),
  );
}

/** That of Python's codec, which takes the byte order mark away. */
function pythonName(encoding: Dialect['encoding']): string {
  return encoding.startsWith('utf-16') ? 'utf-16' : encoding;
}

const DIALECTS: readonly (readonly [string, Partial<Dialect>, string?])[] = [
  ['commas', {}],
  ['semicolons', { delimiter: ';' }, '\r\n'],
  ['tabs', { delimiter: '\t' }],
  ['pipes and single quotes', { delimiter: '|', quote: "'" }],
  ['backslashes', { escape: '\\' }, '\r\n'],
  ['nulls', { nulls: ['\\N', 'NA'] }],
  ['utf16 little', { encoding: 'utf-16le', delimiter: '\t' }, '\r\n'],
  ['utf16 big', { encoding: 'utf-16be' }],
  ['windows', { encoding: 'windows-1252', delimiter: ';' }],
  ['windows.gz', { encoding: 'windows-1252' }],
  ['utf16.zst', { encoding: 'utf-16le', delimiter: ';' }],
  ['ndjson', { format: 'ndjson' }],
  ['ndjson.gz', { format: 'ndjson' }, '\r\n'],
];

test.each(DIALECTS)('the lake of %s is the same as of every other dialect', async (name, how, end = '\n') => {
  const dialect = { ...CSV, ...how };
  const header = dialect.format === 'csv' ? ['ts', 'id', 'amount', 'note'].join(dialect.delimiter) + end : '';
  const bytes = encoded(header + written(dialect, ROWS, end), dialect.encoding);
  const { file, table } = await lakeOf(name, dialect, async (path, run) => {
    const packed = name.endsWith('.gz')
      ? gzipSync(bytes)
      : name.endsWith('.zst')
        ? zstdCompressSync(bytes)
        : bytes;
    await writeFile(path, packed);
    await run();
  });
  expect(file).toEqual(EXPECTED);
  expect(table).toEqual(EXPECTED);
});

test('without quotes a field holds everything but delimiters and line ends', async () => {
  const dialect = { ...CSV, quote: '', delimiter: '|' };
  const rows = ROWS.filter(({ note }) => !/[|\n]/.test(note ?? ''));
  const { file, table } = await lakeOf('no quotes', dialect, async (path, run) => {
    await writeFile(path, `ts|id|amount|note\n${written(dialect, rows, '\n')}`);
    await run();
  });
  expect(table).toEqual(rows.map(({ ts, id, amount, note }) => [ts, id, amount, note || null]));
  expect(file).toEqual(table);
});

test.each([
  ['growing utf16', { encoding: 'utf-16le' }],
  ['growing windows', { encoding: 'windows-1252', delimiter: ';' }],
  ['growing ndjson', { format: 'ndjson' }],
] as const)('%s: a file that grows is continued where it ended', async (name, how) => {
  const dialect: Dialect = { ...CSV, ...how };
  const header = dialect.format === 'csv' ? ['ts', 'id', 'amount', 'note'].join(dialect.delimiter) : '';
  const bytes = encoded(`${header && `${header}\n`}${written(dialect, ROWS, '\n')}`, dialect.encoding);
  const { table } = await lakeOf(name, dialect, async (path, run) => {
    for (let rows = 0; rows <= ROWS.length; rows += 3) {
      const part = encoded(
        `${header && `${header}\n`}${written(dialect, ROWS.slice(0, rows), '\n')}`,
        dialect.encoding,
      );
      expect(bytes.subarray(0, part.length)).toEqual(part);
      await writeFile(path, part);
      if (part.length > 0) await run();
    }
  });
  expect(table).toEqual(EXPECTED);
});
