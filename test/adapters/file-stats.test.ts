import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fieldOfSqlType } from '../../adapters/duckdb/describe.ts';
import { type ColumnStats, formatStats, writtenFile } from '../../adapters/duckdb/file-stats.ts';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import type { LocalFile, TableField } from '../../core/data-files.ts';
import type { SqlSession } from '../../core/engine.ts';
import { literal } from '../../core/sql.ts';

let folder: string;
let sql: SqlSession;
let outputs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stats-'));
  sql = await DuckDbSession.open({ temporary: folder, memoryMb: 200, threads: 1 });
});
afterAll(async () => {
  await sql.close();
  await rm(folder, { recursive: true });
});

async function written(query: string, options = ''): Promise<LocalFile[]> {
  const described = await sql.rows(`DESCRIBE ${query}`);
  const fields = described.map((row) =>
    fieldOfSqlType(String(row.column_name), String(row.column_type), true),
  );
  const rows = await sql.rows(
    `COPY (${query}) TO ${literal(join(folder, `out${outputs++}`))} (FORMAT parquet, COMPRESSION zstd, RETURN_STATS${options})`,
  );
  return rows.map((row) => writtenFile(fields, row));
}

/** Statistics text of one column with these bounds. */
function bounds(type: TableField['type'], min: string | null, max: string | null): string {
  const column: ColumnStats = { min, max, nulls: 0n };
  return formatStats([{ name: 'c', type, nullable: true }], 1, { c: column }).replace(
    ',"nullCount":{"c":0}}',
    '',
  );
}

describe('statistics of what DuckDB has written', () => {
  test('every type, exactly, and no bound that JSON or Delta cannot carry', async () => {
    const files = await written(`SELECT * FROM (VALUES
      (1515966223509089906, 7, 1.10::DECIMAL(18,2), -0.5, true, DATE '2020-09-24',
        TIMESTAMPTZ '2020-09-24 11:57:06.123456+00', 'it''s "a", {b=1}', NULL::VARCHAR, 'nan'::DOUBLE, 'inf'::DOUBLE),
      (-9223372036854775808, NULL, 12345678901234567.89, 1e300, false, NULL,
        TIMESTAMPTZ '2021-02-28 23:59:59.999001+00', '', NULL, 2.5, 1.0)
    ) t(id, n, price, ratio, flag, day, "at", "na""me", nothing, odd, endless)`);
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({ localPath: join(folder, 'out0'), rows: 2, partition: {} });
    // By hand from the two rows. -9223372036854775808 and 12345678901234567.89 are beyond a double: the
    // digits must all be there.
    expect(files[0]?.stats).toBe(
      '{"numRecords":2,' +
        '"minValues":{"id":-9223372036854775808,"n":7,"price":1.10,"ratio":-0.5,"day":"2020-09-24",' +
        '"at":"2020-09-24T11:57:06.123Z","na\\"me":"","endless":1.0},' +
        '"maxValues":{"id":1515966223509089906,"n":7,"price":12345678901234567.89,"ratio":1e+300,"day":"2020-09-24",' +
        '"at":"2021-03-01T00:00:00.000Z","na\\"me":"it\'s \\"a\\", {b=1}"},' +
        '"nullCount":{"id":0,"n":1,"price":0,"ratio":0,"flag":0,"day":1,"at":0,"na\\"me":0,"nothing":2,"odd":0,"endless":0}}',
    );
  });

  test('one file for each partition, with its value; an empty value is null', async () => {
    const files = await written(
      `SELECT i AS id, ['2020-10', 'a b/=%', '', NULL][i % 4 + 1] AS month FROM range(10) t(i)`,
      ', PARTITION_BY (month), OVERWRITE',
    );
    const found = files.map((file) => [file.partition.month, file.rows, JSON.parse(file.stats)]);
    // i % 4 = 0: 0 4 8; 1: 1 5 9; 2: 2 6; 3: 3 7.
    expect(new Set(found)).toEqual(
      new Set([
        ['2020-10', 3, { numRecords: 3, minValues: { id: 0 }, maxValues: { id: 8 }, nullCount: { id: 0 } }],
        ['a b/=%', 3, { numRecords: 3, minValues: { id: 1 }, maxValues: { id: 9 }, nullCount: { id: 0 } }],
        [null, 2, { numRecords: 2, minValues: { id: 2 }, maxValues: { id: 6 }, nullCount: { id: 0 } }],
        [null, 2, { numRecords: 2, minValues: { id: 3 }, maxValues: { id: 7 }, nullCount: { id: 0 } }],
      ]),
    );
  });

  test('long strings stay inside their bounds', async () => {
    const strings = [
      'b'.repeat(300),
      'é'.repeat(31),
      `x${'😀'.repeat(300)}`,
      'z'.repeat(33),
      'z'.repeat(32),
      '\u0000',
    ];
    for (const text of strings) {
      const files = await written(
        `SELECT replace(${literal(text.replaceAll('\u0000', '<0>'))}, '<0>', chr(0)) AS s`,
      );
      const { minValues, maxValues } = JSON.parse(files[0]?.stats ?? '');
      const bytes = Buffer.from(text);
      if ('s' in minValues) expect(Buffer.compare(Buffer.from(minValues.s), bytes)).toBeLessThanOrEqual(0);
      if ('s' in maxValues) expect(Buffer.compare(Buffer.from(maxValues.s), bytes)).toBeGreaterThanOrEqual(0);
      if (Array.from(text).length <= 32) expect([minValues.s, maxValues.s]).toEqual([text, text]);
    }
  });
});

describe('bounds', () => {
  const many = (n: number, last = '') => 'é'.repeat(n) + last;
  test.each([
    ['32 characters stay', 'string', many(32), `{"c":"${many(32)}"}`, `{"c":"${many(32)}"}`],
    [
      '33 are cut, the upper bound raised',
      'string',
      many(33),
      `{"c":"${many(32)}"}`,
      `{"c":"${many(32)}\u{10FFFF}"}`,
    ],
    [
      '32 of two units each',
      'string',
      '😀'.repeat(33),
      `{"c":"${'😀'.repeat(32)}"}`,
      `{"c":"${'😀'.repeat(32)}\u{10FFFF}"}`,
    ],
    [
      'nothing is above the largest character',
      'string',
      `${many(32)}\u{10FFFF}x`,
      `{"c":"${many(32)}"}`,
      '{}',
    ],
    [
      'whole milliseconds',
      'timestamp',
      '2020-01-01 00:00:00.5+00',
      '{"c":"2020-01-01T00:00:00.500Z"}',
      '{"c":"2020-01-01T00:00:00.500Z"}',
    ],
    [
      'no fraction',
      'timestamp',
      '0999-12-31 23:59:59+00',
      '{"c":"0999-12-31T23:59:59.000Z"}',
      '{"c":"0999-12-31T23:59:59.000Z"}',
    ],
    [
      'down and up',
      'timestamp',
      '1969-12-31 23:59:59.999999+00',
      '{"c":"1969-12-31T23:59:59.999Z"}',
      '{"c":"1970-01-01T00:00:00.000Z"}',
    ],
    ['the year 10000', 'timestamp', '9999-12-31 23:59:59.9999+00', '{"c":"9999-12-31T23:59:59.999Z"}', '{}'],
    ['another zone', 'timestamp', '2020-01-01 00:00:00+02', '{}', '{}'],
    ['before Christ', 'timestamp', '0044-03-15 (BC) 00:00:00+00', '{}', '{}'],
    ['infinity', 'timestamp', 'infinity', '{}', '{}'],
    ['a five-digit year', 'date', '12345-01-01', '{}', '{}'],
    ['not a number', 'double', 'nan', '{}', '{}'],
    ['minus infinity', 'double', '-inf', '{}', '{}'],
    ['booleans have none', 'boolean', '1', '{}', '{}'],
    [
      '38 digits',
      'decimal(38,2)',
      '999999999999999999999999999999999999.99',
      '{"c":999999999999999999999999999999999999.99}',
      '{"c":999999999999999999999999999999999999.99}',
    ],
  ] as const)('%s', (_, type, text, min, max) => {
    expect(bounds(type, text, text)).toBe(`{"numRecords":1,"minValues":${min},"maxValues":${max}`);
    expect(bounds(type, null, null)).toBe('{"numRecords":1,"minValues":{},"maxValues":{}');
  });
});
