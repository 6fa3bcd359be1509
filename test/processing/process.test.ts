import { mkdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EventLog } from '../../core/contracts.ts';
import type { DeltaTable } from '../../lake/table.ts';
import type { ProcessContext } from '../../processing/process-context.ts';
import { append, type Electronics, electronics, line, processAll, stepsOf, Workplace } from './fixtures.ts';

let place: Workplace;
let shop: Electronics;
beforeAll(async () => {
  place = await Workplace.create();
  shop = await electronics();
});
afterAll(() => place.remove());

function contextOf(log: EventLog): ProcessContext & { profiles: DeltaTable } {
  const archive = place.archiveContext(shop.dataset, log);
  const profiles = place.table();
  return { archive, ...stepsOf(shop, archive.tables, profiles, null), ...place.parts, profiles };
}

describe('processing', () => {
  test('archives, then computes the profiles; again, it finds nothing to do', async () => {
    const log = place.log();
    await append(log, [
      [0, line('1')],
      [1, line('2')],
      [1, 'bad'],
    ]);
    const context = contextOf(log);
    const nothing = { events: 0, rejected: 0, commits: 0, stopped: false };
    expect(await processAll(context)).toEqual({
      archive: { events: 2, rejected: 1, commits: 1, stopped: false },
      model: { outcome: 'computed', version: 0n, rows: 2n },
      publish: null,
      published: [],
    });
    expect(await processAll(context)).toEqual({
      archive: nothing,
      model: { outcome: 'up_to_date', version: 0n, rows: 2n },
      publish: null,
      published: [],
    });
  });

  test('of a dataset without a model only archives', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const dataset = { ...shop.dataset, models: [], publish: [] };
    const context = { ...contextOf(log), archive: place.archiveContext(dataset, log), models: [] };
    expect(await processAll(context)).toMatchObject({
      archive: { events: 1 },
      model: null,
      publish: null,
    });
  });

  test('that is told to stop does not begin with the profiles', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const stop = new AbortController();
    stop.abort();
    expect(await processAll(contextOf(log), stop)).toMatchObject({
      archive: { stopped: true },
      model: null,
    });
  });

  test('removes files that no commit names, and temporary ones, once they are a day old', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const context = contextOf(log);
    const paths = [context.archive.tables.events, context.archive.tables.rejected, context.profiles].flatMap(
      ({ path }) => ['old', 'new'].map((name) => ({ name, key: `${path}/${name}.parquet` })),
    );
    for (const { name, key } of paths) {
      await place.store.put(key, Buffer.from('left behind'));
      const days = name === 'old' ? 2 : 0.5;
      const then = new Date(Date.now() - days * 86_400_000);
      await utimes(place.store.pathOf(key) ?? '', then, then);
    }
    const temporary = ['old', 'new'].map((name) => ({
      name,
      path: join(place.temporary, `batch-1-${name}`),
    }));
    for (const { name, path } of temporary) {
      await mkdir(path);
      if (name === 'old') await utimes(path, 0, 0);
    }
    await processAll(context);
    for (const { name, path } of temporary) {
      expect([path, (await stat(path).catch(() => null)) !== null]).toEqual([path, name === 'new']);
    }
    for (const { name, key } of paths) {
      const left = await stat(place.store.pathOf(key) ?? '').catch(() => null);
      expect([key, left !== null]).toEqual([key, name === 'new']);
    }
  });
});
