import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EventLog, ReaderOptions, RecordBatch } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { CommitRequest } from '../../lake/commit.ts';
import type { Snapshot } from '../../lake/snapshot.ts';
import { DeltaTable } from '../../lake/table.ts';
import { type ArchiveContext, archive } from '../../processing/archive.ts';
import { disturbed } from './disturbed-log.ts';
import { append, datasetOf, event, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const dataset = datasetOf('name: n, type: int64');

/** A table that does something before, and something after, each of its commits. */
class WatchedTable extends DeltaTable {
  before: () => Promise<void> | void = () => {};
  after: () => Promise<void> | void = () => {};

  override async commit(request: CommitRequest): Promise<Snapshot> {
    await this.before();
    const snapshot = await super.commit(request);
    await this.after();
    return snapshot;
  }
}

const once = (action: () => Promise<unknown> | never) => {
  let done = false;
  return async () => {
    if (done) return;
    done = true;
    await action();
  };
};
const crash = once.bind(null, () => {
  throw new EventlakeError('object:failed', 'the power went');
});

/**
 * A log of `n` good events in two partitions, every third of them bad, and as many dead letters; in chunks of
 * two.
 */
async function logOf(n: number): Promise<EventLog> {
  const log = place.log(2);
  for (let i = 0; i < n; i += 1)
    await append(log, [[i % 2, i % 3 === 2 ? `bad ${i}` : event(`k${i}`)]], [`letter ${i}`]);
  return log;
}

async function expectEverythingOnce(context: ArchiveContext, n: number): Promise<void> {
  const [events, rejected] = [
    await place.rows(context.tables.events, 'log_partition, log_offset'),
    await place.rows(context.tables.rejected, 'payload'),
  ];
  const all = Array.from({ length: n }, (_, i) => i);
  expect(events.map(({ k }) => k).sort()).toEqual(
    all
      .filter((i) => i % 3 !== 2)
      .map((i) => `k${i}`)
      .sort(),
  );
  expect(rejected.map(({ payload }) => payload).sort()).toEqual(
    [...all.filter((i) => i % 3 === 2).map((i) => `bad ${i}`), ...all.map((i) => `letter ${i}`)].sort(),
  );
}

describe('an archive that crashes', () => {
  test.each(['before', 'after'] as const)(
    '%s any of its commits resumes without losing or doubling a row',
    async (moment) => {
      const log = await logOf(8);
      for (const table of ['rejected', 'events'] as const) {
        for (const batchRows of [2, 100]) {
          const tables = {
            events: new WatchedTable(place.store, place.table().path),
            rejected: new WatchedTable(place.store, place.table().path),
          };
          const context = place.archiveContext(dataset, log, { tables, batchRows });
          let commits = 0;
          tables[table][moment] = () => {
            commits += 1;
            if (commits % 2 === 1) throw new EventlakeError('object:failed', 'the power went');
          };
          let crashes = 0;
          for (;;) {
            // What starts again knows nothing but what is in the store; the batch sizes of the two runs need
            // not be the same.
            const again = place.archiveContext(dataset, log, {
              tables,
              batchRows: crashes % 2 === 0 ? batchRows : 3,
            });
            const failure = await archive(again, { ends: log.ranges() }).catch((error) => error);
            if (!(failure instanceof Error)) break;
            expect(failure).toMatchObject({ code: 'object:failed' });
            crashes += 1;
          }
          expect(crashes).toBeGreaterThan(0);
          await expectEverythingOnce(context, 8);
          expect(await archive(context, { ends: log.ranges() })).toMatchObject({ commits: 0 });
        }
      }
    },
  );

  test('between its commits, before all but a part is read again, does not reject that part twice', async () => {
    const log = await logOf(9);
    const tables = { events: new WatchedTable(place.store, place.table().path), rejected: place.table() };
    tables.events.before = crash();
    await expect(
      archive(place.archiveContext(dataset, log, { tables }), { ends: log.ranges() }),
    ).rejects.toMatchObject({ code: 'object:failed' });
    expect(await tables.events.snapshot()).toBeNull();
    const context = place.archiveContext(dataset, log, { tables, batchRows: 1 });
    expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 6, rejected: 0 });
    await expectEverythingOnce(context, 9);
  });
});

describe('workers at the same time', () => {
  test.each(['rejected', 'events'] as const)(
    'of whom one commits to %s before the other: that one drops its batch and reads again',
    async (table) => {
      const log = await logOf(10);
      const tables = {
        events: new WatchedTable(place.store, place.table().path),
        rejected: new WatchedTable(place.store, place.table().path),
      };
      const rivalTables = {
        events: new DeltaTable(place.store, tables.events.path),
        rejected: new DeltaTable(place.store, tables.rejected.path),
      };
      const rival = place.archiveContext(dataset, log, { tables: rivalTables, batchRows: 3 });
      tables[table].before = once(() => archive(rival, { ends: log.ranges() }));
      const superseded: string[] = [];
      const context = place.archiveContext(dataset, log, {
        tables,
        observe: (event) => event.type === 'superseded' && superseded.push(event.reason),
      });
      await archive(context, { ends: log.ranges() });
      expect(superseded.length).toBe(1);
      await expectEverythingOnce(context, 10);
    },
  );

  test('each read everything, and yet every row is there once', async () => {
    const log = await logOf(12);
    const shared = { events: place.table().path, rejected: place.table().path };
    const contexts = [1, 2, 5].map((batchRows) => {
      const tables = {
        events: new DeltaTable(place.store, shared.events),
        rejected: new DeltaTable(place.store, shared.rejected),
      };
      return place.archiveContext(dataset, log, { tables, batchRows });
    });
    const results = await Promise.all(contexts.map((context) => archive(context, { ends: log.ranges() })));
    expect(results.reduce((sum, { events }) => sum + events, 0)).toBe(8);
    for (const context of contexts) await expectEverythingOnce(context, 12);
  });
});

describe('a reader', () => {
  test('that shows records again adds nothing twice', async () => {
    const log = await logOf(6);
    for (const batchRows of [1, 5, 100]) {
      const seen: RecordBatch[] = [];
      const again = disturbed(log, (batch) => {
        if (!batch) return [null];
        seen.push(batch);
        return [batch, seen[Math.floor(seen.length / 2)] ?? batch, batch];
      });
      const context = place.archiveContext(dataset, again, { batchRows });
      await archive(context, { ends: log.ranges() });
      await expectEverythingOnce(context, 6);
    }
  });

  test('that leaves records out is opened again at what is missing', async () => {
    const log = await logOf(6);
    let left = 1;
    const gaps = disturbed(log, (batch) => (batch && batch.from > 0n && left-- > 0 ? [null] : [batch]));
    const superseded: string[] = [];
    const context = place.archiveContext(dataset, gaps, {
      observe: (event) => event.type === 'superseded' && superseded.push(event.reason),
    });
    await archive(context, { ends: log.ranges() });
    expect(superseded).toEqual([expect.stringMatching(/^[a-z-]+\/\d continues at 2, not at 1$/)]);
    await expectEverythingOnce(context, 6);
  });
});

describe('a log that is not the one the lake was filled from', () => {
  test('is refused also when it takes the place of the one that was read, and the current batch is not committed', async () => {
    const log = await logOf(6);
    let asked = 0;
    const replaced: EventLog = Object.assign(Object.create(log), {
      open: () => log.open(),
      id: async () => (++asked > 1 ? 'another log' : log.id()),
      ranges: () => log.ranges(),
      reader: (options: ReaderOptions) => log.reader(options),
    });
    const context = place.archiveContext(dataset, replaced, { batchRows: 2 });
    await expect(archive(context, { ends: log.ranges() })).rejects.toMatchObject({ code: 'log:made_anew' });
    expect((await context.tables.rejected.snapshot())?.version).toBe(0n);
  });

  test('is refused, whichever of the tables knows it', async () => {
    const [log, other] = [await logOf(3), await logOf(3)];
    const context = place.archiveContext(dataset, log);
    await archive(context, { ends: log.ranges() });
    await expect(archive({ ...context, log: other }, { ends: other.ranges() })).rejects.toMatchObject({
      code: 'lake:other_log',
      message: expect.stringContaining(other.description),
      hint: expect.stringContaining('reset --yes'),
    });
    const onlyRejected = { ...context, log: other, tables: { ...context.tables, events: place.table() } };
    await expect(archive(onlyRejected, { ends: other.ranges() })).rejects.toMatchObject({
      code: 'lake:other_log',
    });
  });

  test('though it is of the same name: it was wiped and made again', async () => {
    const log = await logOf(3);
    const context = place.archiveContext(dataset, log);
    await archive(context, { ends: log.ranges() });
    await log.wipe();
    await append(log, [[0, event('new')]]);
    await expect(archive(context, { ends: log.ranges() })).rejects.toMatchObject({ code: 'lake:other_log' });
  });
});

describe('a log from which old records were removed', () => {
  test('is archived from where it begins', async () => {
    const log = await logOf(6);
    await removeChunks(log, 5);
    expect((await log.ranges()).map(({ start }) => start)).toEqual([1n, 1n, 2n]);
    const context = place.archiveContext(dataset, log);
    expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 2, rejected: 6 });
    expect(await archive(context, { ends: log.ranges() })).toMatchObject({ commits: 0 });
  });

  test('is refused when it no longer has what the lake lacks', async () => {
    const log = await logOf(2);
    const context = place.archiveContext(dataset, log);
    await archive(context, { ends: log.ranges() });
    for (let i = 0; i < 4; i += 1) await append(log, [[0, event(`l${i}`)]]);
    await removeChunks(log, 10);
    await expect(archive(context, { ends: log.ranges() })).rejects.toMatchObject({
      code: 'log:offsets_missing',
    });
  });

  test.each([
    ['has nothing left, though the lake lacks some of it', 15n, 15n],
    ['ends before the lake does', 0n, 1n],
  ])('is refused when a partition %s', async (_what, start, end) => {
    const log = await logOf(6);
    const context = place.archiveContext(dataset, log);
    await archive(context, { ends: log.ranges() });
    // As Kafka tells it after retention, or after a leader that had not got everything.
    const ranges = (await log.ranges()).map((range) =>
      range.stream === 'events' && range.partition === 1 ? { ...range, start, end } : range,
    );
    const told = new Proxy(log, {
      get: (target, name) =>
        name === 'ranges' ? async () => ranges : Reflect.get(target, name).bind(target),
    });
    await expect(archive({ ...context, log: told }, { ends: told.ranges() })).rejects.toMatchObject({
      code: 'log:offsets_missing',
      message: expect.stringContaining('events/1'),
    });
  });
});

/** Removes the log's first `n` files: each append of {@link logOf} makes two, and opening the log one. */
async function removeChunks(log: EventLog, n: number): Promise<void> {
  const folder = log.description.replace('local log in ', '');
  for (let i = 0; i < n; i += 1) await rm(join(folder, `${String(i).padStart(20, '0')}.chunk`));
}
