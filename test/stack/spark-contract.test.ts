import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { RecordBatch } from '../../core/contracts.ts';
import type { ArchivedFiles, Engine } from '../../core/engine.ts';
import { Slices } from '../../core/slices.ts';
import { DATASET, EDGES, value } from './spark-events.ts';
import { SparkPlace } from './spark-place.ts';

jest.setTimeout(600_000);

const EVENTS = 1_500;

let place: SparkPlace;
beforeAll(async () => {
  place = await SparkPlace.open();
});
afterAll(() => place?.close());

/** What an engine makes of the records, as rows of both tables in the order of their offsets. */
async function archivedBy(engine: Engine, records: RecordBatch) {
  const batch = await engine.batch(DATASET);
  await batch.add(records, 0n);
  const nothing = { events: new Map(), rejected: new Map() };
  const files = await engine.archive({ dataset: DATASET, batch, from: nothing });
  const rows = {
    events: await place.rows(files.events, 'kinds/events', 'log_offset'),
    rejected: await place.rows(files.rejected, 'kinds/rejected', 'log_offset'),
  };
  await batch.discard();
  return { files, rows };
}

/** Without the sign of a zero: of one file's zeros, DuckDB keeps the sign of the first (they are equal). */
function plain<T>(rows: T): T {
  return JSON.parse(JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
}

const countOf = (files: ArchivedFiles['events']) => files.reduce((sum, { rows }) => sum + rows, 0);

test('events of every kind become the same rows as DuckDB makes of them, for the same reasons', async () => {
  const seed = Date.now() % 2 ** 31;
  const values = [...EDGES, ...fc.sample(value, { numRuns: EVENTS, seed })];
  const records: RecordBatch = {
    ...{ stream: 'events', partition: 0, from: 0n, next: BigInt(values.length) },
    values: Slices.of(values),
    offsets: values.map((_, i) => BigInt(i)),
    timestamps: values.map((_, i) => 1_700_000_000_000 + i),
  };
  await place.put([records]);
  const spark = await archivedBy(place.engine, records);
  const duckdb = await archivedBy(place.local, records);
  const shown = ({ events, rejected }: typeof spark.rows) => plain({ seed, events, rejected });
  expect(shown(spark.rows)).toEqual(shown(duckdb.rows));
  expect(spark.files.reasons).toEqual(duckdb.files.reasons);
  expect(spark.rows.events.length + spark.rows.rejected.length).toBe(values.length);
  // What Spark has written itself, and not left to the engine in this process.
  const stored = spark.files.events.filter((file) => 'path' in file);
  const own = countOf(stored);
  expect(own).toBeGreaterThan(0.2 * duckdb.rows.events.length);
  expect(Object.keys(duckdb.files.reasons).length).toBeGreaterThan(30);
  // Nothing else stays: neither the places of the events that were left, nor these themselves.
  const keys: string[] = [];
  for await (const { key } of place.store.list('kinds/')) keys.push(key);
  expect(keys.toSorted()).toEqual(stored.map(({ path }) => `kinds/events/${path}`).toSorted());
});
