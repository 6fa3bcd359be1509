import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EventLog } from '../../core/contracts.ts';
import type { Engine } from '../../core/engine.ts';
import { EventlakeError } from '../../core/errors.ts';
import { type ArchiveContext, archive } from '../../processing/archive.ts';
import { disturbed } from './disturbed-log.ts';
import { append, datasetOf, event, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const dataset = datasetOf();
const EVENTS = 5;

/** An engine that calls back when a batch is begun, and before one is archived. */
class WatchedEngine implements Engine {
  readonly readsLog = false;
  begun: () => void = () => {};
  before: () => Promise<void> = async () => {};

  batch: Engine['batch'] = (of) => {
    this.begun();
    return place.engine.batch(of);
  };
  archive: Engine['archive'] = async (job) => {
    await this.before();
    return place.engine.archive(job);
  };
  model: Engine['model'] = (job) => place.engine.model(job);
}

/** An archive of two events at a time whose first batch waits for the second, and for `meanwhile`. */
function overlapping(
  log: EventLog,
  meanwhile: (context: ArchiveContext) => Promise<void> = async () => {},
  tables = { events: place.table(), rejected: place.table() },
) {
  const engine = new WatchedEngine();
  const heard: string[] = [];
  const context = place.archiveContext(dataset, log, {
    tables,
    engine,
    batchRows: 2,
    observe: ({ type }) => heard.push(type),
  });
  let begun = 0;
  const second = new Promise<void>((resolve) => {
    engine.begun = () => {
      begun += 1;
      if (begun === 2) resolve();
    };
  });
  let archived = 0;
  engine.before = async () => {
    archived += 1;
    if (archived > 1) return;
    await second;
    await meanwhile(place.archiveContext(dataset, log, { tables }));
  };
  return { context, heard };
}

async function logOf(events: number): Promise<EventLog> {
  const log = place.log(1);
  for (let i = 0; i < events; i += 1) await append(log, [[0, event(`k${i}`)]]);
  return log;
}

async function expectEachOnce({ tables }: ArchiveContext): Promise<void> {
  const rows = await place.rows(tables.events, 'k');
  expect(rows.map(({ k }) => k)).toEqual(Array.from({ length: EVENTS }, (_, i) => `k${i}`));
  const left = await readdir(place.temporary);
  expect(left.filter((name) => name.startsWith('batch-'))).toEqual([]);
}

test('the next batch is gathered while one is archived', async () => {
  const log = await logOf(EVENTS);
  const { context } = overlapping(log);
  expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: EVENTS, commits: 3 });
  await expectEachOnce(context);
});

test('where another worker was faster, both what is archived and what is gathered are dropped', async () => {
  const log = await logOf(EVENTS);
  const { context, heard } = overlapping(log, async (other) => {
    expect(await archive(other, { ends: log.ranges() })).toMatchObject({ events: EVENTS });
  });
  expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 0, commits: 0 });
  expect(heard.filter((type) => type === 'superseded')).toHaveLength(1);
  await expectEachOnce(context);
});

test('a batch that is archived when the log fails is counted, and what was gathered is read again', async () => {
  const log = await logOf(EVENTS);
  const { context } = overlapping(log);
  const total = { events: 0, rejected: 0, commits: 0 };
  let read = 0;
  const failing = disturbed(log, (batch) => {
    read += 1;
    if (read > 3) throw new EventlakeError('log:unreachable', 'the broker went');
    return [batch];
  });
  await expect(archive({ ...context, log: failing }, { ends: log.ranges() }, total)).rejects.toMatchObject({
    code: 'log:unreachable',
  });
  expect(total).toEqual({ events: 2, rejected: 0, commits: 1 });
  await archive(context, { ends: log.ranges() }, total);
  expect(total).toEqual({ events: EVENTS, rejected: 0, commits: 3 });
  await expectEachOnce(context);
});

test('what was gathered is dropped where another worker has moved a partition of it', async () => {
  const log = place.log(2);
  const tables = { events: place.table(), rejected: place.table() };
  await append(log, [[0, event('k0')]]);
  await archive(place.archiveContext(dataset, log, { tables }), { ends: log.ranges() });
  for (const [k, partition] of [0, 0, 1, 1].entries()) await append(log, [[partition, event(`k${k + 1}`)]]);
  const moveOne = async (other: ArchiveContext) => {
    const ends = (await log.ranges()).filter(
      ({ partition, stream }) => partition === 1 && stream === 'events',
    );
    const ofOne = { ...other, log: disturbed(log, (batch) => [batch?.partition === 1 ? batch : null]) };
    expect(await archive(ofOne, { ends: Promise.resolve(ends) })).toMatchObject({ events: 2 });
  };
  const { context, heard } = overlapping(log, moveOne, tables);
  expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 2, commits: 1 });
  expect(heard.filter((type) => type === 'superseded')).toHaveLength(1);
  await expectEachOnce(context);
});
