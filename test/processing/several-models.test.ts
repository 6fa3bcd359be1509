import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lookupQuery } from '../../adapters/duckdb/model-lookup.ts';
import { parseDataset } from '../../config/dataset/parse.ts';
import type { Dataset, Model } from '../../core/dataset.ts';
import type { Engine, ModelJob } from '../../core/engine.ts';
import type { Lookup } from '../../core/lookup.ts';
import type { DeltaTable } from '../../lake/table.ts';
import { type ArchiveContext, archive } from '../../processing/archive.ts';
import { type ModelContext, runModel } from '../../processing/model.ts';
import { append, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const DATASET: Dataset = parseDataset(
  `
name: readings
key: sensor
time: read_at
columns:
  - { name: read_at, type: timestamp, required: true }
  - { name: sensor, type: string, required: true }
  - { name: amount, type: int64 }
`,
  'dataset.yml',
);

const TOTALS: Model = { table: 'totals', sql: 'totals.sql', key: ['sensor'], shareBy: 'sensor' };
const TOTALS_SQL = `
SELECT sensor, count(*) AS readings, CAST(sum(amount) AS BIGINT) AS total, max(read_at) AS latest
FROM events GROUP BY sensor`;
const AGES: Model = { table: 'ages', sql: 'ages.sql', key: ['sensor'] };
const AGES_SQL = `
SELECT sensor, readings, unix_timestamp(dataset.last_event) - unix_timestamp(latest) AS age
FROM totals CROSS JOIN dataset`;
const OVERALL: Model = { table: 'overall', sql: 'overall.sql', key: ['n'] };
const OVERALL_SQL =
  'SELECT 1 AS n, count(*) AS sensors, CAST(sum(readings) AS BIGINT) AS readings FROM totals -- not: events';
const NAMED: Model = { table: 'named', sql: 'named.sql', key: ['sensor'], reads: ['places.rooms'] };
const NAMED_SQL = `
SELECT totals.sensor, room FROM totals JOIN places.rooms ON places.rooms.sensor = totals.sensor`;

const reading = (sensor: string, minute: number, value: number | null = 1) =>
  JSON.stringify({ read_at: `2024-01-01T00:${String(minute).padStart(2, '0')}:00Z`, sensor, amount: value });

/** A log, its lake, and the four models over it. */
class Models {
  readonly log = place.log(2);
  readonly context: ArchiveContext = place.archiveContext(DATASET, this.log);
  readonly rooms: DeltaTable = place.table();
  readonly totals = this.model(TOTALS, TOTALS_SQL, {});
  readonly ages = this.model(AGES, AGES_SQL, { totals: this.totals.table });
  readonly overall = this.model(OVERALL, OVERALL_SQL, { totals: this.totals.table });
  readonly named = this.model(NAMED, NAMED_SQL, {
    totals: this.totals.table,
    'places.rooms': this.rooms,
  });

  model(model: Model, query: string, tables: Readonly<Record<string, DeltaTable>>): ModelContext {
    const others = Object.entries(tables).map(([name, table]) => ({ name, table }));
    const inputs = [{ name: 'events', table: this.context.tables.events }, ...others];
    return { dataset: DATASET, model, query, inputs, table: place.table(), engine: place.engine };
  }

  async add(readings: readonly string[]): Promise<void> {
    await append(
      this.log,
      readings.map((value, i) => [i % 2, value] as const),
    );
    await archive(this.context, { ends: this.log.ranges() });
  }

  async room(sensor: string, room: string): Promise<void> {
    const file = `${place.temporary}/room-${sensor}.parquet`;
    const [written] = await place.sql.rows(
      `COPY (SELECT '${sensor}' AS sensor, '${room}' AS room) TO '${file}' (FORMAT parquet, RETURN_STATS)`,
    );
    const { writtenFile } = await import('../../adapters/duckdb/file-stats.ts');
    const fields = ['sensor', 'room'].map((name) => ({ name, type: 'string', nullable: true }) as const);
    await this.rooms.commit({
      base: await this.rooms.snapshot(),
      fields,
      partitionBy: [],
      add: written ? [writtenFile(fields, written)] : [],
      remove: 'none',
      txns: new Map(),
      operation: 'WRITE',
    });
  }

  async run(): Promise<Record<string, string>> {
    const outcomes: Record<string, string> = {};
    for (const context of [this.totals, this.ages, this.overall, this.named])
      outcomes[context.model.table] = (await runModel(context)).outcome;
    return outcomes;
  }
}

let models: Models;
beforeEach(() => {
  models = new Models();
});

describe('several models', () => {
  test('run in order, each only when something that it reads has changed', async () => {
    await models.add([reading('a', 1), reading('a', 2), reading('b', 3)]);
    const nothing = { totals: 'up_to_date', ages: 'up_to_date', overall: 'up_to_date' };
    expect(await models.run()).toEqual({
      totals: 'computed',
      ages: 'computed',
      overall: 'computed',
      named: 'no_events',
    });
    await models.room('a', 'kitchen');
    expect(await models.run()).toEqual({ ...nothing, named: 'computed' });
    expect(await models.run()).toEqual({ ...nothing, named: 'up_to_date' });
    expect(await place.rows(models.totals.table, 'sensor')).toMatchObject([
      { sensor: 'a', readings: 2n },
      { sensor: 'b', readings: 1n },
    ]);
    expect(await place.rows(models.ages.table, 'sensor')).toEqual([
      { sensor: 'a', readings: 2n, age: 60n },
      { sensor: 'b', readings: 1n, age: 0n },
    ]);
    expect(await place.rows(models.overall.table, 'n')).toEqual([{ n: 1, sensors: 2n, readings: 3n }]);
    expect(await place.rows(models.named.table, 'sensor')).toEqual([{ sensor: 'a', room: 'kitchen' }]);

    await models.room('b', 'cellar');
    expect(await models.run()).toEqual({ ...nothing, named: 'computed' });
    await models.add([reading('b', 9)]);
    expect(await models.run()).toEqual({
      totals: 'computed',
      ages: 'computed',
      overall: 'computed',
      named: 'computed',
    });
    expect(await place.rows(models.ages.table, 'sensor')).toEqual([
      { sensor: 'a', readings: 2n, age: 420n },
      { sensor: 'b', readings: 2n, age: 0n },
    ]);
  });

  test('that reads only an earlier table says which events it shows all the same', async () => {
    const { computedFrom } = await import('../../processing/model-inputs.ts');
    await models.add([reading('a', 1)]);
    await models.run();
    const [events, overall] = [
      await models.context.tables.events.snapshot(),
      await models.overall.table.snapshot(),
    ];
    if (!events || !overall) throw new Error('both are there');
    expect(computedFrom(overall, events)).toBe(events.version);
  });
});

describe('a model with shareBy', () => {
  /** The totals of what was added so far, by hand. */
  const expected = (added: readonly (readonly [sensor: string, minute: number, value: number | null])[]) => {
    const rows = new Map<string, { readings: bigint; total: number | null; latest: number }>();
    for (const [sensor, minute, value] of added) {
      const row = rows.get(sensor) ?? { readings: 0n, total: null, latest: 0 };
      const total = value === null ? row.total : (row.total ?? 0) + value;
      rows.set(sensor, { readings: row.readings + 1n, total, latest: Math.max(row.latest, minute) });
    }
    return [...rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([sensor, { readings, total, latest }]) => ({
        sensor,
        readings,
        total: total === null ? null : BigInt(total),
        latest: `2024-01-01T00:${String(latest).padStart(2, '0')}:00Z`,
      }));
  };

  test('computes the values alone that new events bring; the table equals the whole computation', async () => {
    const one = fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'd', "e's"),
      fc.integer({ min: 0, max: 59 }),
      fc.option(fc.integer({ min: -5, max: 5 })),
    );
    let touched = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(one, { minLength: 12, maxLength: 30 }),
        fc.array(fc.array(one, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        async (first, later) => {
          const own = new Models();
          const added = [...first];
          await own.add(first.map((values) => reading(...values)));
          await runModel(own.totals);
          for (const more of later) {
            added.push(...more);
            await own.add(more.map((values) => reading(...values)));
            const jobs: ModelJob[] = [];
            const engine = watched(own.totals.engine, jobs);
            expect(await runModel({ ...own.totals, engine })).toMatchObject({ outcome: 'computed' });
            if (jobs.some(({ added }) => added !== null)) touched += 1;
            expect(await place.rows(own.totals.table, 'sensor')).toMatchObject(expected(added));
          }
        },
      ),
      { numRuns: 8 },
    );
    expect(touched).toBeGreaterThan(5);
  });

  test('is computed whole again when its SQL changed, and when events vanished', async () => {
    const jobs: ModelJob[] = [];
    const totals = { ...models.totals, engine: watched(models.totals.engine, jobs) };
    const isWhole = async (context: ModelContext) => {
      jobs.length = 0;
      expect(await runModel(context)).toMatchObject({ outcome: 'computed' });
      return jobs.every(({ added }) => added === null);
    };
    await models.add(Array.from({ length: 20 }, (_, i) => reading(`s${i % 5}`, i)));
    expect(await isWhole(totals)).toBe(true);
    await models.add([reading('s1', 30)]);
    expect(await isWhole(totals)).toBe(false);
    expect(await isWhole({ ...totals, query: totals.query.replace('max(read_at)', 'min(read_at)') })).toBe(
      true,
    );

    const events = models.context.tables.events;
    const snapshot = await events.snapshot();
    await events.commit({
      base: snapshot,
      fields: snapshot?.fields ?? [],
      partitionBy: snapshot?.partitionBy ?? [],
      add: [],
      remove: 'all',
      txns: new Map(),
      operation: 'WRITE',
    });
    await models.add([reading('s9', 31)]);
    expect(await isWhole(totals)).toBe(true);
    expect(await place.rows(totals.table, 'sensor')).toMatchObject([{ sensor: 's9', readings: 1n }]);
  });
});

/** The engine, with its jobs written down. */
function watched(engine: Engine, jobs: ModelJob[]): Engine {
  return {
    readsLog: engine.readsLog,
    batch: (dataset) => engine.batch(dataset),
    archive: (job) => engine.archive(job),
    model(job) {
      jobs.push(job);
      return engine.model(job);
    },
  };
}

test('a look-up looks up the values alone that new events bring, once each, and its earlier files stay', async () => {
  const asked: string[] = [];
  const lookup: Lookup = {
    version: 'capitals',
    columns: ['upper'],
    of(value) {
      asked.push(value);
      return [value === 'c' ? null : value.toUpperCase()];
    },
  };
  const model = { table: 'names', lookup: 'user_agent', from: 'sensor', key: ['sensor'] } as const;
  const names = {
    ...models.totals,
    model,
    lookup,
    query: lookupQuery('sensor', lookup),
    table: place.table(),
  };
  const rounds: [sensors: string[], outcome: string[], files: number][] = [
    [['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'], ['a', 'b'], 1],
    [['c', 'a'], ['c'], 2],
    [['b'], [], 2],
    // Most of the events are new.
    [[...'abcdabcdabcd'], ['d'], 3],
  ];
  let before: string[] = [];
  for (const [sensors, wanted, files] of rounds) {
    asked.length = 0;
    await models.add(sensors.map((sensor, n) => reading(sensor, n)));
    expect(await runModel(names)).toMatchObject({ outcome: 'computed' });
    expect(asked.sort()).toEqual(wanted);
    const paths = (await names.table.snapshot())?.files.map(({ path }) => path) ?? [];
    expect(paths).toHaveLength(files);
    expect(paths).toEqual(expect.arrayContaining(before));
    before = paths;
  }
  expect(await place.rows(names.table, 'sensor')).toEqual([
    { sensor: 'a', upper: 'A' },
    { sensor: 'b', upper: 'B' },
    { sensor: 'c', upper: null },
    { sensor: 'd', upper: 'D' },
  ]);
});
