import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { DATASETS } from '../../config/dataset/read.ts';
import { readLake } from '../oracle/read-lake.ts';
import { WarehouseReader, type WarehouseRow } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';
import { type Environment, embedded, eventlake, json } from './end-to-end-environment.ts';
import { serveDashboard } from './served-dashboard.ts';

jest.setTimeout(180_000);

/** Every type of column, a key of two columns, and text that JSON and COPY escape. */
const KINDS = (schema: string) => `
name: kinds
source: {type: file, format: ndjson, path: kinds.ndjson}
key: id
time: moment
columns:
  - {name: id, type: int64, required: true}
  - {name: moment, type: timestamp, required: true}
  - {name: day, type: date, required: true}
  - {name: note, type: string}
  - {name: option, type: json}
  - {name: price, type: "decimal(38,4)"}
  - {name: ratio, type: double}
  - {name: flag, type: boolean}
models:
  - {table: kinds_by_day, sql: kinds.sql, key: [id, day]}
publish:
  - {table: kinds_by_day, to: postgres, schema: ${schema}}
`;
const MODEL =
  'SELECT id, day, max(moment) AS moment, max(note) AS note, max(option) AS option, max(price) AS price, max(ratio) AS ratio, bool_or(flag) AS flag, CAST(count(*) AS INTEGER) AS times FROM events GROUP BY id, day';
const NASTY = 'a\tb\\N "c", \r\n\\\\ ü 😀 \u0001\v\f\b';
const FIRST = [
  {
    id: '9223372036854775807',
    moment: '0001-01-01T00:00:00.000001Z',
    day: '2020-02-29',
    note: NASTY,
    option: { 'b ': [1, 1.0, 'x\ty\\'], a: null },
    price: '9999999999999999999999999999999999.0001',
    ratio: 0.1,
    flag: true,
  },
  { id: '-5', moment: '9999-12-31T23:59:59.999999Z', day: '1999-01-01', ratio: 1.5e-300, flag: false },
  { id: '-5', moment: '2020-01-01T00:00:00Z', day: '1999-01-02', note: '\\N' },
];

let url: string;
let reader: WarehouseReader;
let environment: Environment;
const schema = `test_${randomUUID().replaceAll('-', '')}`;

const rows = (sql: string) => reader.rows(url, sql.replaceAll('$S', schema));
const events = (records: readonly object[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

beforeAll(async () => {
  url = (await locate(POSTGRES)).address;
  reader = await WarehouseReader.start();
  const own = await embedded();
  const datasets = join(own.folder, 'datasets');
  environment = { ...own, variables: { ...own.variables, EVENTLAKE_DATASETS: datasets, WAREHOUSE_URL: url } };
  await mkdir(join(datasets, 'kinds'), { recursive: true });
  await writeFile(join(datasets, 'kinds', 'dataset.yml'), KINDS(schema));
  await writeFile(join(datasets, 'kinds', 'kinds.sql'), MODEL);
  await cp(join(DATASETS, 'electronics'), join(datasets, 'electronics'), { recursive: true });
  const file = join(datasets, 'electronics', 'dataset.yml');
  const text = await readFile(file, 'utf8');
  const [published] = /publish:\n.*\n/.exec(text) ?? [];
  const added = `${published}  - { table: customer_profiles, to: postgres, schema: ${schema} }\n`;
  await writeFile(file, text.replace(`${published}`, added));
});
afterAll(async () => {
  await rows('DROP SCHEMA IF EXISTS $S CASCADE');
  await reader.stop();
  await environment.remove();
});

describe('a table with every type of column and a key of two', () => {
  const file = () => join(environment.folder, 'kinds.ndjson');

  test('setup makes it, with its key and types', async () => {
    const { made } = await json<{ made: string[] }>(environment, ['setup', 'kinds']);
    expect(made.at(-1)).toMatch(
      new RegExp(`^postgres 127.0.0.1:\\d+/postgres, table ${schema}.kinds_by_day$`),
    );
    expect(
      await rows(
        `SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = '$S' AND table_name = 'kinds_by_day' ORDER BY ordinal_position`,
      ),
    ).toEqual([
      { name: 'id', type: 'bigint' },
      { name: 'day', type: 'date' },
      { name: 'moment', type: 'timestamp with time zone' },
      { name: 'note', type: 'text' },
      { name: 'option', type: 'json' },
      { name: 'price', type: 'numeric' },
      { name: 'ratio', type: 'double precision' },
      { name: 'flag', type: 'boolean' },
      { name: 'times', type: 'integer' },
    ]);
    const [key] = await rows(
      `SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE conrelid = '$S.kinds_by_day'::regclass`,
    );
    expect(key).toEqual({ key: 'PRIMARY KEY (id, day)' });
  });

  test('run fills it with every value as it was, and the audit agrees', async () => {
    await writeFile(file(), events(FIRST));
    const { audit } = await json<{ audit: object }>(environment, ['run', 'kinds']);
    expect(audit).toMatchObject({
      balanced: true,
      warehouse: [{ table: 'kinds_by_day', rows: 3, differing: 0 }],
    });
    expect(
      await rows(
        'SELECT id::text, day, to_char(moment, \'YYYY-MM-DD"T"HH24:MI:SS.US\') AS moment, note, option::text, price, ratio, flag, times FROM $S.kinds_by_day ORDER BY day DESC',
      ),
    ).toEqual([
      {
        id: '9223372036854775807',
        day: '2020-02-29',
        moment: '0001-01-01T00:00:00.000001',
        note: NASTY,
        option: '{"b ":[1,1,"x\\ty\\\\"],"a":null}',
        price: '9999999999999999999999999999999999.0001',
        ratio: 0.1,
        flag: true,
        times: 1,
      },
      {
        ...{ id: '-5', day: '1999-01-02', moment: '2020-01-01T00:00:00.000000', note: '\\N', option: null },
        ...{ price: null, ratio: null, flag: null, times: 1 },
      },
      {
        ...{ id: '-5', day: '1999-01-01', moment: '9999-12-31T23:59:59.999999', note: null, option: null },
        ...{ price: null, ratio: 1.5e-300, flag: false, times: 1 },
      },
    ]);
    // Version 0 is that of setup, without a row.
    expect(await rows('SELECT dataset, table_name, lake_version FROM $S.eventlake_published')).toEqual([
      { dataset: 'kinds', table_name: 'kinds_by_day', lake_version: 1 },
    ]);
  });

  test('later events change the rows that differ, and write no other', async () => {
    const versions = 'SELECT id::text, day, xmin::text FROM $S.kinds_by_day ORDER BY day';
    const before = await rows(versions);
    await writeFile(
      file(),
      events([
        ...FIRST,
        { id: '-5', moment: '2020-01-01T00:00:00Z', day: '1999-01-02', note: 'later' },
        { id: '7', moment: '2020-01-01T00:00:00Z', day: '1999-01-03' },
      ]),
    );
    const { process: done } = await json<{ process: { published: object[] } }>(environment, ['run', 'kinds']);
    expect(done.published).toMatchObject([{ to: 'postgres', outcome: 'published', stored: 2, deleted: 0 }]);
    const after = await rows(versions);
    expect(after.map(({ day }) => day)).toEqual(['1999-01-01', '1999-01-02', '1999-01-03', '2020-02-29']);
    expect([after[0], after[3]]).toEqual([before[0], before[2]]);
    expect(await rows("SELECT note, times FROM $S.kinds_by_day WHERE day = '1999-01-02'")).toEqual([
      { note: 'later', times: 2 },
    ]);
    expect(await json(environment, ['process', 'kinds'])).toMatchObject({
      publish: { outcome: 'up_to_date' },
    });
  });

  test('the audit finds what was changed by hand, and --republish repairs it, row by row', async () => {
    await rows('UPDATE $S.kinds_by_day SET price = 0.0001 WHERE id = 7');
    await rows("DELETE FROM $S.kinds_by_day WHERE day = '2020-02-29'");
    await rows("INSERT INTO $S.kinds_by_day (id, day) VALUES (8, '2021-01-01')");
    const report = await json<{ warehouse: object[]; differences: string[] }>(
      environment,
      ['audit', 'kinds'],
      3,
    );
    expect(report.warehouse).toEqual([{ table: 'kinds_by_day', rows: 4, differing: 3 }]);
    expect(report.differences).toEqual([
      expect.stringMatching(/^rows of kinds_by_day in PostgreSQL .* 3 differ.*7, 1999-01-03.*--republish$/),
    ]);
    const page = await serveDashboard(environment, ['kinds']);
    expect((await page.ask('/api/audit')).body).toEqual({ ...report, countedAt: expect.any(String) });
    await page.stop();
    await json(environment, ['process', 'kinds', '--republish']);
    expect(await json(environment, ['audit', 'kinds'])).toMatchObject({ balanced: true });
    expect(await json(environment, ['status', 'kinds'])).toMatchObject({
      warehouse: [{ table: 'kinds_by_day', rows: 4 }],
    });
  });

  test('a model with other columns changes the table where it is, and what hangs on it stays', async () => {
    await rows('CREATE VIEW $S.notes AS SELECT id, note FROM $S.kinds_by_day');
    const model = join(environment.folder, 'datasets', 'kinds', 'kinds.sql');
    await writeFile(
      model,
      MODEL.replace('CAST(count(*) AS INTEGER) AS times', 'count(*) AS times, true AS is_new'),
    );
    await eventlake(environment, ['reset', 'kinds', '--yes']);
    expect(await rows('SELECT count(*)::int AS n FROM $S.notes')).toEqual([{ n: 0 }]);
    const { audit } = await json<{ audit: object }>(environment, ['run', 'kinds']);
    expect(audit).toMatchObject({ balanced: true, warehouse: [{ rows: 4, differing: 0 }] });
    expect(await rows('SELECT times, is_new FROM $S.kinds_by_day WHERE id = 7')).toEqual([
      { times: 1, is_new: true },
    ]);
    expect(await rows('SELECT count(*)::int AS n FROM $S.notes')).toEqual([{ n: 4 }]);
  });
});

test('electronics: the profiles in PostgreSQL are those of the lake, beside an index that is not set', async () => {
  const data = join(environment.folder, 'events.csv');
  await json(environment, ['generate', 'electronics', '--rows', '5000', '--seed', '3', '--out', data]);
  const { process: done, audit } = await json<{ process: { published: object[] }; audit: object }>(
    environment,
    ['run', '--file', data],
  );
  const [{ n: customers } = { n: 0 }] = await rows('SELECT count(*)::int AS n FROM $S.customer_profiles');
  expect(done.published).toMatchObject([{ to: 'postgres', stored: customers }]);
  expect(audit).toMatchObject({
    balanced: true,
    index: null,
    warehouse: [{ rows: customers, differing: 0 }],
  });
  const inLake = (await readLake(
    `
rows = DeltaTable(request).to_pyarrow_table().to_pylist()
print(json.dumps(sorted(([str(row["user_id"]), str(row["total_spent"]), row["segment"], row["events"]] for row in rows))))`,
    `${environment.lake.uri}/customer_profiles`,
  )) as unknown[];
  const inWarehouse = await rows(
    'SELECT user_id::text, total_spent, segment, events::int FROM $S.customer_profiles ORDER BY user_id::text COLLATE "C"',
  );
  expect(inWarehouse.map((row: WarehouseRow) => Object.values(row))).toEqual(inLake);
  expect(inLake.length).toBeGreaterThan(100);
});
