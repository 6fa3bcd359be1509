import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { archive } from '../../processing/archive.ts';
import { runModel } from '../../processing/model.ts';
import { readLake } from '../oracle/read-lake.ts';
import { append, datasetOf, event, Workplace } from '../processing/fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

/** The table as delta-rs reads it. */
function rowsOf(table: string, version: number | null): Promise<unknown> {
  const program = `
table = DeltaTable(request["path"], version=request["version"])
rows = table.to_pyarrow_table().sort_by("k").to_pylist()
print(json.dumps([table.metadata().id, [[row.get(name) for name in ("k", "n", "extra")] for row in rows]]))`;
  return readLake(program, { path: join(place.folder, 'lake', table), version });
}

test('delta-rs reads the table of a model that has other columns now, and its version before', async () => {
  const dataset = datasetOf('name: n, type: int64');
  const events = await place.eventsOf(dataset, [event('a', '"n":1'), event('b', '"n":2')]);
  const context = {
    ...{ dataset, model: { table: 'sums', sql: 'sums.sql', key: ['k'] }, engine: place.engine },
    ...{ inputs: [{ name: 'events', table: events }], table: place.table() },
  };
  await runModel({ ...context, query: 'SELECT k, n FROM events' });
  await runModel({ ...context, query: "SELECT k, k || '!' AS extra FROM events" });
  const id = (await context.table.snapshot())?.metaData.id;
  expect(await rowsOf(context.table.path, null)).toEqual([
    id,
    [
      ['a', null, 'a!'],
      ['b', null, 'b!'],
    ],
  ]);
  expect(await rowsOf(context.table.path, 0)).toEqual([
    id,
    [
      ['a', 1, null],
      ['b', 2, null],
    ],
  ]);
});

test('delta-rs reads the rows from before and after the commit that adds a column', async () => {
  const log = place.log(1);
  const context = place.archiveContext(datasetOf('name: n, type: int64'), log);
  const { events } = context.tables;
  await append(log, [
    [0, event('a', '"n":1')],
    [0, event('b', '"n":null')],
  ]);
  await archive(context, { ends: log.ranges() });
  const wider = datasetOf('name: n, type: int64', 'name: extra, type: string');
  await append(log, [[0, event('c', '"n":2,"extra":"x"')]]);
  await archive({ ...context, dataset: wider }, { ends: log.ranges() });
  const old = [
    ['a', 1, null],
    ['b', null, null],
  ];
  const id = (await events.snapshot())?.metaData.id;
  expect(await rowsOf(events.path, null)).toEqual([id, [...old, ['c', 2, 'x']]]);
  expect(await rowsOf(events.path, 0)).toEqual([id, old]);
});
