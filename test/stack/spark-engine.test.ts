import { afterAll, beforeAll, jest } from '@jest/globals';
import { describeEngine } from '../conformance/engine.ts';
import { SparkPlace } from './spark-place.ts';

jest.setTimeout(600_000);

let place: SparkPlace;
beforeAll(async () => {
  place = await SparkPlace.open();
});
afterAll(() => place?.close());

describeEngine('Spark', async () => ({
  engine: place.engine,
  store: place.store,
  put: (records) => place.put(records),
  rows: (files, table, order) => place.rows(files, table, order),
  leftovers: () => place.leftovers(),
  close: () => place.empty(),
}));
