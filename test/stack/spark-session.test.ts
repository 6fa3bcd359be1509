import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { openSpark, type SparkSession } from '../../adapters/spark/session.ts';
import { locate, SPARK } from '../servers/test-servers.ts';

jest.setTimeout(600_000);

/** Keeps both cores busy for minutes: what comes after it waits, unless it was ended. */
const ENDLESS = 'SELECT count(*) AS n FROM range(0, 90000000000, 1, 2) WHERE id % 7 = 3 AND sqrt(id) > 1';

let remote: string;
let session: SparkSession;
beforeAll(async () => {
  remote = (await locate(SPARK)).address;
  session = await openSpark(remote);
});
afterAll(async () => {
  await session?.close();
});

/** Whether the cluster computes for its clients. */
const computes = async () => {
  const [row] = await session.rows('SELECT count(*) AS n FROM range(0, 1000, 1, 2)');
  return row?.n === 1000n;
};

test('values come exactly, at the edges of their types, too', async () => {
  const [row] = await session.rows(`SELECT
    true AS yes, false AS no, -128Y AS tiny, 32767S AS small, -2147483648 AS whole,
    9223372036854775807 AS most, -9223372036854775807 - 1 AS least, 9007199254740993 AS beyond_double,
    1.1D AS double, double('NaN') AS nan, double('-Infinity') AS infinite, -0.0D AS negative_zero, float(0.5) AS float,
    1.10BD AS money, -0.05BD AS below_one, cast(-3 AS decimal(5, 0)) AS no_decimals,
    99999999999999999999999999999999999999BD AS widest, -0.00000000000000000000000000000000000001BD AS finest,
    '' AS empty, 'Grüße, 世界 🎉' AS text, null AS nothing, cast(null AS bigint) AS no_number, cast(null AS timestamp) AS never,
    date'0001-01-01' AS first_day, date'1969-12-31' AS before_epoch, date'9999-12-31' AS last_day,
    timestamp'2020-09-24T11:57:06.123456Z' AS instant, timestamp'2020-09-24T11:57:06.12Z' AS shorter,
    timestamp'2020-01-01T02:00:00+02:00' AS elsewhere, timestamp'1969-12-31T23:59:59.999999Z' AS just_before,
    timestamp'0001-01-01T00:00:00.000001Z' AS first_instant, timestamp'9999-12-31T23:59:59.999999Z' AS last_instant,
    timestamp_ntz'2020-01-01 00:00:00.5' AS local`);
  expect(row).toEqual({
    ...{ yes: true, no: false, tiny: -128, small: 32_767, whole: -2_147_483_648 },
    ...{ most: 9_223_372_036_854_775_807n, least: -9_223_372_036_854_775_808n },
    beyond_double: 9_007_199_254_740_993n,
    ...{ double: 1.1, nan: 'NaN', infinite: '-Infinity', negative_zero: -0, float: 0.5 },
    ...{ money: '1.10', below_one: '-0.05', no_decimals: '-3' },
    widest: '99999999999999999999999999999999999999',
    finest: '-0.00000000000000000000000000000000000001',
    ...{ empty: '', text: 'Grüße, 世界 🎉', nothing: null, no_number: null, never: null },
    ...{ first_day: '0001-01-01', before_epoch: '1969-12-31', last_day: '9999-12-31' },
    ...{ instant: '2020-09-24T11:57:06.123456Z', shorter: '2020-09-24T11:57:06.12Z' },
    ...{ elsewhere: '2020-01-01T00:00:00Z', just_before: '1969-12-31T23:59:59.999999Z' },
    ...{ first_instant: '0001-01-01T00:00:00.000001Z', last_instant: '9999-12-31T23:59:59.999999Z' },
    local: '2020-01-01 00:00:00.5',
  });
});

test('a result of many batches and one with a value larger than a batch come whole', async () => {
  const rows = await session.rows(
    "SELECT id, if(id % 3 = 0, null, repeat('x', 100)) AS text FROM range(0, 120000, 1, 4) ORDER BY id",
  );
  expect(rows).toHaveLength(120_000);
  expect(rows.every(({ id }, i) => id === BigInt(i))).toBe(true);
  expect(rows.filter(({ text }) => text === null)).toHaveLength(40_000);
  expect(await session.rows("SELECT length(t) AS n, t FROM (SELECT repeat('y', 6000000) AS t)")).toEqual([
    { n: 6_000_000, t: 'y'.repeat(6_000_000) },
  ]);
  expect(await session.rows('SELECT id FROM range(0)')).toEqual([]);
});

test('commands make views and tables that queries of the session see', async () => {
  await session.run('CREATE OR REPLACE TEMPORARY VIEW three AS SELECT id FROM range(3)');
  expect(await session.rows('SELECT sum(id) AS total FROM three')).toEqual([{ total: 3n }]);
  await session.configure({ 'spark.sql.shuffle.partitions': '3' });
  expect(await session.rows('SET spark.sql.shuffle.partitions')).toEqual([
    { key: 'spark.sql.shuffle.partitions', value: '3' },
  ]);
});

test('what the cluster has as its default does not reach values and tables', async () => {
  const [row] = await session.rows(
    "SELECT current_timezone() AS zone, hour(timestamp'2020-01-01T00:00:00Z') AS hour",
  );
  expect(row).toEqual({ zone: 'UTC', hour: 0 });
  await expect(session.rows("SELECT int('x') AS n")).rejects.toMatchObject({ code: 'spark:failed' });
  await session.run(
    "CREATE OR REPLACE TABLE plain USING delta AS SELECT 1 AS id, timestamp'2020-01-01T00:00:00Z' AS at",
  );
  const properties = await session.rows('SHOW TBLPROPERTIES plain');
  expect(properties.filter(({ key }) => String(key).startsWith('delta.'))).toEqual([
    { key: 'delta.minReaderVersion', value: '1' },
    { key: 'delta.minWriterVersion', value: '2' },
  ]);
  const [file] = await session.rows('SELECT _metadata.file_path AS path FROM plain');
  const { schema, row_groups } = await parquetMetadataAsync(
    await asyncBufferFromFile(fileURLToPath(String(file?.path))),
  );
  expect(schema.find(({ name }) => name === 'at')).toMatchObject({
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  });
  expect(row_groups[0]?.columns.map(({ meta_data }) => meta_data?.codec)).toEqual(['ZSTD', 'ZSTD']);
  await session.run('DROP TABLE plain');
});

test("an error has Spark's class and place, and nothing of the statement, which may hold a password", async () => {
  const failure = await session.rows("SELECT 'pass-word-1' FROM nowhere").catch((error) => error);
  expect(failure).toMatchObject({
    code: 'spark:failed',
    message: expect.stringMatching(
      /^Spark at 127\.0\.0\.1:\d+: \[TABLE_OR_VIEW_NOT_FOUND\] .*`nowhere`.*line 1 pos 26/,
    ),
    cause: undefined,
  });
  for (const sql of [
    "SELECT 'pass-word-1' FORM x y",
    "SELECT int('pass-word-1' || id) FROM range(2)",
    'SELECT 1/0',
  ]) {
    const { code, message } = await session.rows(sql).catch((error) => error);
    expect({ code, message }).toEqual({
      code: 'spark:failed',
      message: expect.stringMatching(
        /^Spark at \S+: \[(PARSE_SYNTAX_ERROR|CAST_INVALID_INPUT|DIVIDE_BY_ZERO)[\].]/,
      ),
    });
    expect(message).not.toMatch(/SELECT|\n/);
  }
  await expect(session.rows('SELECT array(1) AS list')).rejects.toMatchObject({
    message: expect.stringContaining('column list has the type List<Int32>'),
  });
});

test('interrupt ends what runs, and the session stays', async () => {
  const ended = Promise.all(
    [session.rows(ENDLESS), session.run(`CREATE TABLE endless USING parquet AS ${ENDLESS}`)].map(
      (statement) => expect(statement).rejects.toMatchObject({ code: 'spark:interrupted' }),
    ),
  );
  await session.interrupt();
  await ended;
  expect(await computes()).toBe(true);
});

test('a signal ends what runs on the cluster, and so does the deadline of statements', async () => {
  const ending = new AbortController();
  const other = await openSpark(remote, { signal: ending.signal });
  const ended = expect(other.rows(ENDLESS)).rejects.toThrow('the process is to end');
  ending.abort(new Error('the process is to end'));
  await ended;
  await other.close();
  const hasty = await openSpark(remote, { deadlines: { statement: 1500 } });
  await expect(hasty.rows(ENDLESS)).rejects.toMatchObject({
    code: 'spark:timeout',
    message: expect.stringContaining('interrupted after 1.5 s'),
  });
  await hasty.close();
  expect(await computes()).toBe(true);
});

test('statements of one session run at the same time', async () => {
  const sums = await Promise.all(
    [1, 2, 3, 4].map((n) => session.rows(`SELECT sum(id * ${n}) AS total FROM range(0, 1001, 1, 2)`)),
  );
  expect(sums.flat().map(({ total }) => total)).toEqual([500_500n, 1_001_000n, 1_501_500n, 2_002_000n]);
});
