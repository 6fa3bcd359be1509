import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OffsetsBatch } from '../../adapters/spark/offsets-batch.ts';
import type { Engine } from '../../core/engine.ts';
import { archive } from '../../processing/archive.ts';
import type { ProcessEvent } from '../../processing/observer.ts';
import { append, datasetOf, event, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

test('progress and records read are told when an engine has read its batch, not when it got the offsets', async () => {
  const log = place.log(1);
  await append(log, [
    [0, event('a')],
    [0, event('b')],
    [0, event('c')],
  ]);
  const heard: ProcessEvent[] = [];
  const before: ProcessEvent[][] = [];
  const engine: Engine = {
    readsLog: true,
    batch: async () => new OffsetsBatch(place.temporary),
    async archive({ batch }) {
      before.push([...heard]);
      const nothing = { events: [], rejected: [], reasons: {}, firstRejected: [] };
      return { computedBy: 'Spark', read: { events: 2, 'dead-letters': 1 }, next: batch.next, ...nothing };
    },
    model: () => Promise.reject(new Error('no model')),
  };
  const context = place.archiveContext(datasetOf(), log, { engine, observe: (event) => heard.push(event) });
  await archive(context, { ends: log.ranges() });
  const progress = (events: readonly ProcessEvent[]) =>
    events.flatMap((event) => (event.type === 'progress' ? [[event.done, event.total]] : []));
  expect(before.map(progress)).toEqual([[[0, 3]]]);
  expect(progress(heard).at(-1)).toEqual([3, 3]);
  expect(heard.filter(({ type }) => type === 'engine-read')).toEqual([
    { type: 'engine-read', records: { events: 2, 'dead-letters': 1 } },
  ]);
});
