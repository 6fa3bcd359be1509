import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SqlAnswer } from '../../dashboard/api.ts';
import { Shown, SMALL } from './fixtures.ts';

let shown: Shown;
let hasty: Shown;
beforeAll(async () => {
  // More time than any of these queries needs, on the slowest machine.
  shown = await Shown.open({ milliseconds: 120_000 });
  hasty = await Shown.open({ milliseconds: 2000 });
  await shown.run(SMALL);
  await hasty.run(SMALL);
});
afterAll(async () => {
  await shown.close();
  await hasty.close();
});

const ask = (sql: string, more: object = {}) => shown.ask<SqlAnswer>('/api/sql', { sql, ...more });

describe('a query', () => {
  test('runs over the three tables; 64-bit integers, decimals and times are text', async () => {
    const sql = `
SELECT e.user_id, count(*) AS n, sum(price) AS amount, any_value(segment) AS segment, min(event_time) AS first, true AS yes, [1] AS list
FROM events e JOIN customer_profiles USING (user_id) GROUP BY user_id ORDER BY user_id; -- the end`;
    const { status, body } = await ask(sql);
    expect(status).toBe(200);
    expect(body.columns).toEqual([
      { name: 'user_id', type: 'BIGINT' },
      { name: 'n', type: 'BIGINT' },
      { name: 'amount', type: 'DECIMAL(38,2)' },
      { name: 'segment', type: 'VARCHAR' },
      { name: 'first', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'yes', type: 'BOOLEAN' },
      { name: 'list', type: 'INTEGER[]' },
    ]);
    expect(body.rows[0]).toEqual(['1', '4', '34.68', 'buyer', '2020-10-30T23:59:59Z', true, '[1]']);
    expect(body.rows.map(([id]) => id)).toEqual(['1', '3', '1515915625519388267']);
    expect((await ask('SELECT count(*) FROM rejected')).body.rows).toEqual([['2']]);
  });

  test('is shown a page at a time', async () => {
    expect((await ask('SELECT * FROM range(5)', { limit: 2 })).body).toMatchObject({
      rows: [['0'], ['1']],
      more: true,
    });
    expect((await ask('SELECT * FROM range(5)', { limit: 2, offset: 3 })).body).toMatchObject({
      rows: [['3'], ['4']],
      more: false,
    });
    expect((await ask('SELECT * FROM events WHERE false')).body).toMatchObject({ rows: [], more: false });
  });

  test('of other sorts that read work too', async () => {
    for (const sql of [
      'FROM events',
      'TABLE rejected',
      'VALUES (1)',
      "SELECT ';--' AS text; /* a */ -- b",
      'DESCRIBE events',
      'SHOW TABLES',
      'WITH x AS (SELECT 1 AS a) SELECT a FROM x',
    ]) {
      expect((await ask(sql)).status).toBe(200);
    }
  });

  test('is downloaded as CSV', async () => {
    const sql =
      "SELECT * FROM (VALUES (1, 'a,b'), (2, 'say \"x\"'), (3, NULL), (4, ''), (5, E'two\\nlines')) t(n, text)";
    const { status, body, headers } = await shown.ask<string>('/api/sql/csv', { sql });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="electronics.csv"',
    });
    expect(body).toBe('n,text\r\n1,"a,b"\r\n2,"say ""x"""\r\n3,\r\n4,""\r\n5,"two\nlines"\r\n');
    const many = await shown.ask<string>('/api/sql/csv', { sql: 'SELECT * FROM range(100000)' });
    expect(many.body.split('\r\n')).toHaveLength(100_002);
    expect(await shown.ask('/api/sql/csv', { sql: 'nonsense' })).toMatchObject({
      status: 422,
      body: { error: { code: 'sql:invalid' } },
    });
  });

  test('is downloaded so that no spreadsheet takes a cell for a formula, and numbers stay numbers', async () => {
    const cells: [sql: string, csv: string][] = [
      ["'=1+1'", "'=1+1"],
      ["'+SUM(A1)'", "'+SUM(A1)"],
      ["'-2+3'", "'-2+3"],
      ["'@cmd'", "'@cmd"],
      ["E'\\t=1'", "'\t=1"],
      ["E'\\r=1'", '"\'\r=1"'],
      ['\'=a,"b"\'', '"\'=a,""b"""'],
      ["'-'", "'-"],
      ["'--1'", "'--1"],
      ["'+1 '", "'+1 "],
      ['-5', '-5'],
      ['-5.25::DECIMAL(9,2)', '-5.25'],
      ['-1e-30::DOUBLE', '-1e-30'],
      ["'-Infinity'::DOUBLE", '-Infinity'],
      ["'+5'", '+5'],
      ["'a=1'", 'a=1'],
    ];
    const sql = `SELECT ${cells.map(([cell], i) => `${cell} AS c${i}`).join(', ')}, 1 AS "=name"`;
    const { body } = await shown.ask<string>('/api/sql/csv', { sql });
    const names = [...cells.map((_, i) => `c${i}`), "'=name"];
    const values = [...cells.map(([, csv]) => csv), '1'];
    expect(body).toBe(`${names.join(',')}\r\n${values.join(',')}\r\n`);
  });
});

describe('there is no way out of the sandbox', () => {
  const WRITTEN = '/tmp/eventlake-escaped';
  test.each([
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_blob('/etc/hostname')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM parquet_metadata('/etc/passwd')",
    "SELECT * FROM read_parquet('/**/*.parquet')",
    "SELECT * FROM read_text('http://127.0.0.1/')",
    `COPY (SELECT 1) TO '${WRITTEN}'`,
    `COPY events TO '${WRITTEN}'`,
    `SELECT * FROM (COPY (SELECT 1) TO '${WRITTEN}')`,
    `SELECT * FROM query('COPY (SELECT 1) TO ''${WRITTEN}''')`,
    `ATTACH '${WRITTEN}'`,
    `EXPORT DATABASE '${WRITTEN}'`,
    'INSTALL httpfs',
    'LOAD httpfs',
    "SET memory_limit = '100GB'",
    'SET lock_configuration = false',
    'RESET memory_limit',
    'PRAGMA database_list',
    "SELECT getenv('HOME')",
    'SELECT 1; SELECT 2',
    'SELECT 1) UNION ALL (SELECT 2',
    'CREATE TABLE t AS SELECT 1',
    'CREATE OR REPLACE VIEW events AS SELECT 1',
    'INSERT INTO events SELECT * FROM events',
    'DELETE FROM events',
    'DROP VIEW events',
    'BEGIN',
    'EXPLAIN ANALYZE SELECT 1',
    'CALL enable_logging()',
    'PREPARE p AS SELECT 1',
    'VACUUM',
    'SELECT $1',
    'SELECT 1 \0',
    '',
    ' ; ',
    '--',
    'SELECT * FROM nothing',
    'SELEKT',
  ])('%s', async (sql) => {
    expect(await ask(sql)).toMatchObject({ status: 422, body: { error: { code: 'sql:invalid' } } });
    expect(existsSync(WRITTEN)).toBe(false);
  });

  test('nor into what one query leaves for the next', async () => {
    await ask(`SELECT * FROM enable_logging(storage = 'file', storage_path = '${WRITTEN}')`);
    expect(existsSync(WRITTEN)).toBe(false);
    expect((await ask('SELECT 1')).status).toBe(200);
  });

  test('and nothing of the environment is in it', async () => {
    const { body } = await ask("SELECT value FROM duckdb_settings() WHERE value LIKE '%' || 'PATH' || '%'");
    expect(body.rows).toEqual([]);
  });
});

describe('limits', () => {
  test.each([
    'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r',
    'SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range < b.range',
  ])('time: %s', async (sql) => {
    expect(await hasty.ask('/api/sql', { sql })).toMatchObject({
      status: 422,
      body: { error: { code: 'sql:timeout' } },
    });
  });

  test.each([
    "SELECT length(repeat('x', 4000000000))",
    'SELECT len(range(2000000000))',
    "SELECT string_agg(repeat('x', 100000)) FROM range(100000)",
    'SELECT list(range) FROM range(1000000000)',
  ])(
    'memory: %s',
    async (sql) => {
      expect(await ask(sql)).toMatchObject({ status: 422, body: { error: { code: 'sql:memory' } } });
    },
    180_000,
  );

  test('size of a page', async () => {
    expect(await ask("SELECT repeat('x', 30000000)")).toMatchObject({
      status: 422,
      body: { error: { code: 'sql:too_large' } },
    });
  });

  test('how many run at once; nothing is left of any', async () => {
    const slow = ask('SELECT count(*) FROM range(100000000) a, range(3) b WHERE hash(a.range + b.range) = 1');
    const answers = await Promise.all([slow, ...Array.from({ length: 5 }, () => ask('SELECT 1'))]);
    const busy = answers.filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    expect(busy[0]).toMatchObject({ body: { error: { code: 'sql:busy' } }, headers: { 'retry-after': '1' } });
    expect((await ask('SELECT 1')).status).toBe(200);
    const left = (await readdir(join(shown.home, 'home/tmp'))).filter((name) => name.startsWith('sandbox-'));
    expect(left).toEqual([]);
  });
});
