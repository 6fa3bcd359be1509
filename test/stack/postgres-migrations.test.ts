import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { DatasetMigration } from '../../adapters/postgres/dataset-migrations.ts';
import { PostgresTables } from '../../adapters/postgres/tables.ts';
import type { SinkField } from '../../core/sink.ts';
import { fileOf } from '../conformance/changes-file.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';

jest.setTimeout(60_000);

/** Cars, and the colours that they refer to. */
const COLOURS: SinkField[] = [
  { name: 'colour', type: 'string', key: true },
  { name: 'name', type: 'string', key: false },
];
const CARS: SinkField[] = [
  { name: 'id', type: 'string', key: true },
  { name: 'colour', type: 'string', key: false },
];
const MIGRATIONS: DatasetMigration[] = [
  {
    number: 1,
    name: '001_tables.sql',
    sql: `CREATE TABLE IF NOT EXISTS colours (colour text PRIMARY KEY, name text);
CREATE TABLE IF NOT EXISTS cars (id text PRIMARY KEY, colour text);`,
  },
  {
    number: 2,
    name: '002_foreign_keys.sql',
    sql: `INSERT INTO colours (colour) SELECT DISTINCT colour FROM cars ON CONFLICT DO NOTHING;
ALTER TABLE cars ADD CONSTRAINT cars_colour_fkey FOREIGN KEY (colour) REFERENCES colours;`,
  },
];

let url: string;
let reader: WarehouseReader;
let schema: string;
let opened: PostgresTables[];
const rows = (sql: string) => reader.rows(url, sql.replaceAll('$S', schema));

beforeAll(async () => {
  url = (await locate(POSTGRES)).address;
  reader = await WarehouseReader.start();
});
afterAll(() => reader.stop());
beforeEach(() => {
  schema = `test_${randomUUID().replaceAll('-', '')}`;
  opened = [];
});
afterEach(async () => {
  for (const { sinks } of opened) for (const sink of sinks) await sink.close();
  await rows('DROP SCHEMA IF EXISTS $S CASCADE');
});

function garage(migrations: readonly DatasetMigration[] = MIGRATIONS, dataset = 'garage'): PostgresTables {
  const tables = ['colours', 'cars'].map((table) => ({ schema, table }));
  const made = new PostgresTables({ url, dataset, tables, migrations });
  opened.push(made);
  return made;
}

/** Opens both tables; answers with the versions that they show. */
async function open({ sinks: [colours, cars] }: PostgresTables) {
  return [await colours?.open(COLOURS, 'colours'), await cars?.open(CARS, 'cars')];
}

type Changes = Record<string, string | null>;
const changes = (of: Changes, fields: SinkField[]) =>
  fileOf(
    Object.entries(of).map(([id, value]) => ({
      id,
      document: value === null ? null : JSON.stringify({ [fields[1]?.name ?? '']: value }),
    })),
    'rows',
    fields,
  );

async function publish(tables: PostgresTables, version: bigint, colours: Changes, cars: Changes) {
  await open(tables);
  const [colourSink, carSink] = tables.sinks;
  if (!colourSink || !carSink) throw new Error('both tables have a sink');
  await colourSink.apply(changes(colours, COLOURS), version);
  await carSink.apply(changes(cars, CARS), version);
  await tables.finish(
    new Map([
      [colourSink, version],
      [carSink, version],
    ]),
  );
}
const cars = () =>
  rows('SELECT id, colour, name FROM $S.cars LEFT JOIN $S.colours USING (colour) ORDER BY id');
const applied = () => rows('SELECT number, name FROM $S.eventlake_dataset_migrations ORDER BY number');

describe('migrations of a dataset', () => {
  test('are applied once each, in order, also by several processes that start at the same time', async () => {
    const all = [1, 2, 3, 4].map(() => garage());
    expect(await Promise.all(all.map(open))).toEqual(all.map(() => [null, null]));
    expect(await applied()).toEqual(MIGRATIONS.map(({ number, name }) => ({ number, name })));
    await publish(garage(), 1n, { r: 'red' }, { a: 'r' });
    const third = { number: 3, name: '003_index.sql', sql: 'CREATE INDEX cars_colour_idx ON cars (colour)' };
    expect(await open(garage([...MIGRATIONS, third]))).toEqual([1n, 1n]);
    expect(await applied()).toHaveLength(3);
    expect(
      await rows("SELECT FROM pg_indexes WHERE schemaname = '$S' AND indexname = 'cars_colour_idx'"),
    ).toHaveLength(1);
  });

  test('keep the rows and versions of tables that were made without them', async () => {
    await publish(garage([]), 3n, { r: 'red' }, { a: 'r', b: 'blue' });
    expect(await open(garage())).toEqual([3n, 3n]);
    expect(await cars()).toEqual([
      { id: 'a', colour: 'r', name: 'red' },
      { id: 'b', colour: 'blue', name: null },
    ]);
    await publish(garage(), 4n, { blue: 'Blue' }, {});
    expect(await cars()).toContainEqual({ id: 'b', colour: 'blue', name: 'Blue' });
  });

  test.each([
    [
      'one that was changed after it was applied',
      [{ ...MIGRATIONS[0], sql: 'SELECT 1' }, MIGRATIONS[1]] as DatasetMigration[],
      'warehouse:migration_changed',
      /001_tables.sql of garage is not what was applied/,
    ],
    [
      'one that the folder lacks',
      MIGRATIONS.slice(0, 1),
      'warehouse:refused',
      /002_foreign_keys.sql of garage/,
    ],
    [
      'one that fails, of which nothing stays',
      [...MIGRATIONS, { number: 3, name: '003_bad.sql', sql: 'CREATE TABLE more (); SELECT * FROM nowhere' }],
      'warehouse:altered',
      /migration 003_bad.sql of garage: relation "nowhere" does not exist/,
    ],
  ])('are refused with a clear error: %s', async (_, migrations, code, message) => {
    await publish(garage(), 1n, { r: 'red' }, { a: 'r' });
    await expect(open(garage(migrations))).rejects.toMatchObject({
      code,
      retriable: false,
      message: expect.stringMatching(message),
    });
    expect(await applied()).toHaveLength(2);
    expect(await open(garage())).toEqual([1n, 1n]);
  });

  test('leave a table alone that is not theirs', async () => {
    await rows('CREATE SCHEMA $S');
    await rows('CREATE TABLE $S.cars (id text PRIMARY KEY, colour text)');
    await expect(open(garage())).rejects.toMatchObject({ code: 'warehouse:name_taken' });
    expect(
      await rows("SELECT FROM pg_constraint WHERE conrelid = '$S.cars'::regclass AND contype = 'f'"),
    ).toEqual([]);
    await rows('DROP TABLE $S.cars');
    await open(garage());
    await expect(open(garage(MIGRATIONS, 'bakery'))).rejects.toMatchObject({ code: 'warehouse:name_taken' });
  });
});

describe('tables that refer to each other', () => {
  test('become visible together, with all that is stored and deleted', async () => {
    await publish(garage(), 1n, { r: 'red', g: 'green' }, { a: 'r', b: 'g' });
    await publish(garage(), 2n, { r: null, y: 'yellow' }, { a: 'y', c: 'y' });
    expect(await cars()).toEqual([
      { id: 'a', colour: 'y', name: 'yellow' },
      { id: 'b', colour: 'g', name: 'green' },
      { id: 'c', colour: 'y', name: 'yellow' },
    ]);
    // Another lake, so that all rows are sent: no row of before is in it.
    const other = garage();
    for (const sink of other.sinks) await sink.forget();
    await publish(other, 1n, { k: 'black' }, { z: 'k' });
    expect(await cars()).toEqual([{ id: 'z', colour: 'k', name: 'black' }]);
    expect(await rows('SELECT colour FROM $S.colours')).toEqual([{ colour: 'k' }]);
  });

  test('stay as they were where a row of one refers to nothing', async () => {
    await publish(garage(), 1n, { r: 'red' }, { a: 'r' });
    await expect(publish(garage(), 2n, { g: 'green' }, { b: 'none' })).rejects.toMatchObject({
      code: 'warehouse:rejected',
      message: expect.stringMatching(/violates foreign key constraint/),
    });
    expect(await cars()).toEqual([{ id: 'a', colour: 'r', name: 'red' }]);
    expect(await rows('SELECT colour FROM $S.colours')).toEqual([{ colour: 'r' }]);
    expect(await open(garage())).toEqual([1n, 1n]);
  });

  test('are wiped in the order against that of publishing', async () => {
    const tables = garage();
    await publish(tables, 1n, { r: 'red' }, { a: 'r' });
    for (const sink of tables.sinks.toReversed()) await sink.wipe();
    expect(await rows('SELECT FROM $S.colours')).toEqual([]);
    expect(await open(garage())).toEqual([null, null]);
  });
});
