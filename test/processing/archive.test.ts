import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DuckDbSession } from '../../adapters/duckdb/sql-session.ts';
import { archive } from '../../processing/archive.ts';
import { append, datasetOf, event, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const dataset = datasetOf('name: n, type: int64');

const letter = (reason: string, raw: string | Buffer, more = {}) =>
  JSON.stringify({
    file: 'data/f.csv',
    line: 7,
    reason,
    detail: 'a detail',
    raw: Buffer.from(raw as string).toString('base64'),
    ...more,
  });

describe('the archive', () => {
  test('of events has their columns, where they were in the log, and a folder for each month', async () => {
    const log = place.log(2);
    await append(log, [
      [0, event('a', '"n":"1"', 3)],
      [1, event('b', '', 3)],
      [0, event('c', '"n":-9223372036854775808', 4)],
    ]);
    const context = place.archiveContext(dataset, log);
    const before = Date.now();
    const result = await archive(context, { ends: log.ranges() });
    expect(result).toEqual({ events: 3, rejected: 0, commits: 1, stopped: false });
    const rows = await place.rows(context.tables.events, 'k');
    expect(rows).toEqual([
      {
        ts: '2020-03-15T00:00:00Z',
        k: 'a',
        n: 1n,
        log_partition: 0,
        log_offset: 0n,
        log_timestamp: expect.any(String),
      },
      {
        ts: '2020-03-15T00:00:00Z',
        k: 'b',
        n: null,
        log_partition: 1,
        log_offset: 0n,
        log_timestamp: expect.any(String),
      },
      {
        ts: '2020-04-15T00:00:00Z',
        k: 'c',
        n: -9223372036854775808n,
        log_partition: 0,
        log_offset: 1n,
        log_timestamp: expect.any(String),
      },
    ]);
    expect(Math.abs(Date.parse(String(rows[0]?.log_timestamp)) - before)).toBeLessThan(60_000);
    const snapshot = await context.tables.events.snapshot();
    expect(snapshot?.partitionBy).toEqual(['event_month']);
    expect(snapshot?.files.map(({ partition }) => partition.event_month).sort()).toEqual([
      '2020-03',
      '2020-04',
    ]);
    expect(await context.tables.rejected.snapshot()).toMatchObject({ rows: 0n, files: [] });
  });

  test('of rejected rows says why, what and where', async () => {
    const log = place.log(1);
    const long = `{"ts":"${'x'.repeat(20_000)}"}`;
    await append(
      log,
      [
        [0, 'text'],
        [0, event('a', '"n":"x"')],
        [0, long],
        [0, Buffer.from('\xff', 'latin1')],
      ],
      [
        letter('line:wrong_field_count', 'a,b'),
        letter('line:invalid_utf8', Buffer.from('a\xffb', 'latin1')),
        letter('line:too_long', 'x'.repeat(131_072), { line: 9007199254740991 }),
        letter('line:broken_quote', '', { raw: 'no base64!', line: 'x', detail: 'y'.repeat(300) }),
      ],
    );
    const context = place.archiveContext(dataset, log);
    expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 0, rejected: 8 });
    const rows = (await place.rows(context.tables.rejected, "starts_with(reason, 'line'), log_offset")).map(
      ({ log_timestamp: _, ...row }) => row,
    );
    const inEvents = { source_file: null, source_line: null, log_partition: 0 };
    const inLetters = { source_file: 'data/f.csv', detail: 'a detail', source_line: 7n, log_partition: 0 };
    expect(rows).toEqual([
      { ...inEvents, reason: 'value:not_json', detail: null, payload: 'text', log_offset: 0n },
      {
        ...inEvents,
        reason: 'n:not_an_integer',
        detail: 'x',
        payload: event('a', '"n":"x"'),
        log_offset: 1n,
      },
      {
        ...inEvents,
        reason: 'ts:not_a_timestamp',
        detail: 'x'.repeat(200),
        payload: long.slice(0, 16_384),
        log_offset: 2n,
      },
      { ...inEvents, reason: 'value:invalid_utf8', detail: null, payload: 'base64:/w==', log_offset: 3n },
      { ...inLetters, reason: 'line:wrong_field_count', payload: 'a,b', log_offset: 0n },
      { ...inLetters, reason: 'line:invalid_utf8', payload: 'base64:Yf9i', log_offset: 1n },
      {
        ...inLetters,
        reason: 'line:too_long',
        payload: 'x'.repeat(16_384),
        source_line: 9007199254740991n,
        log_offset: 2n,
      },
      {
        ...inLetters,
        reason: 'line:broken_quote',
        payload: letter('line:broken_quote', '', { raw: 'no base64!', line: 'x', detail: 'y'.repeat(300) }),
        source_line: null,
        detail: 'y'.repeat(200),
        log_offset: 3n,
      },
    ]);
  });

  test.each([
    ['no JSON', 'oops', 'oops'],
    ['of another kind', '{"reason":"price:missing"}', '{"reason":"price:missing"}'],
    ['nothing', '', ''],
    ['an array', '[1]', '[1]'],
    [
      'with fields of other types',
      '{"reason":["line:x"],"raw":5,"line":{},"detail":null,"file":7}',
      '{"reason":["line:x"],"raw":5,"line":{},"detail":null,"file":7}',
    ],
    ['no text', Buffer.of(0x61, 0xff), 'base64:Yf8='],
  ])('keeps a dead letter that is %s', async (_what, value, payload) => {
    const log = place.log(1);
    await append(log, [], [value]);
    const context = place.archiveContext(dataset, log);
    await archive(context, { ends: log.ranges() });
    expect(await place.rows(context.tables.rejected, 'reason')).toMatchObject([
      { reason: 'line:unreadable_dead_letter', payload },
    ]);
  });

  test('of an empty log is nothing, and of dead letters alone has no events', async () => {
    const log = place.log();
    await log.open();
    const context = place.archiveContext(dataset, log);
    const nothing = { events: 0, rejected: 0, commits: 0, stopped: false };
    expect(await archive(context, { ends: log.ranges() })).toEqual(nothing);
    expect(await context.tables.rejected.snapshot()).toBeNull();
    await append(log, [], [letter('line:broken_quote', 'a"')]);
    expect(await archive(context, { ends: log.ranges() })).toEqual({ ...nothing, rejected: 1, commits: 1 });
    expect(await context.tables.events.snapshot()).toBeNull();
    expect(await archive(context, { ends: log.ranges() })).toEqual(nothing);
  });

  test('resumes where it stopped, and makes no commit when there is nothing new', async () => {
    const log = place.log(2);
    const context = place.archiveContext(dataset, log);
    for (const [i, bad] of [false, true, false].entries()) {
      await append(log, [
        [i % 2, event(`k${i}`)],
        [1, bad ? 'bad' : event(`l${i}`)],
      ]);
      expect(await archive(context, { ends: log.ranges() })).toMatchObject({
        events: bad ? 1 : 2,
        rejected: bad ? 1 : 0,
        commits: 1,
      });
      expect(await archive(context, { ends: log.ranges() })).toMatchObject({
        events: 0,
        rejected: 0,
        commits: 0,
      });
    }
    expect((await place.rows(context.tables.events, 'k')).map(({ k }) => k)).toEqual([
      'k0',
      'k1',
      'k2',
      'l0',
      'l2',
    ]);
    expect(await readdir(place.temporary)).not.toContainEqual(expect.stringMatching(/^batch-/));
  });

  test('reads no further than the ends it was given, and what came later is left to the next run', async () => {
    const log = place.log(1);
    await append(log, [[0, event('a')]]);
    const ends = await log.ranges();
    const context = place.archiveContext(dataset, log);
    await archive(context, { ends: Promise.resolve(ends) });
    await append(log, [[0, event('b')]]);
    expect(await archive(context, { ends: Promise.resolve(ends) })).toMatchObject({ commits: 0 });
  });

  test('of more months than there is memory for is written in parts', async () => {
    const log = place.log(1);
    const times = Array.from(
      { length: 600 },
      (_, i) => `${1800 + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, '0')}`,
    );
    await append(
      log,
      times.map((month) => [0, `{"ts":"${month}-15T00:00:00Z","k":"${month}"}`] as const),
    );
    const sql = await DuckDbSession.open({ temporary: place.temporary, memoryMb: 16, threads: 2 });
    const context = place.archiveContext(dataset, log, { engine: place.engineOn(sql), batchRows: 1000 });
    expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 600, commits: 1 });
    await sql.close();
    const files = (await context.tables.events.snapshot())?.files ?? [];
    expect(files.map(({ partition }) => partition.event_month).sort()).toEqual(times);
    expect((await place.rows(context.tables.events, 'k')).map(({ k }) => k)).toEqual(times);
  }, 120_000);

  test('ends a batch at so many rows', async () => {
    const log = place.log(1);
    for (let i = 0; i < 5; i += 1)
      await append(log, [
        [0, event(`a${i}`)],
        [0, event(`b${i}`)],
      ]);
    for (const [batchRows, commits] of [
      [1, 5],
      [3, 3],
      [10, 1],
      [11, 1],
    ] as const) {
      const outcomes: number[] = [];
      const context = place.archiveContext(dataset, log, {
        batchRows,
        observe: (event) => event.type === 'committed' && outcomes.push(event.outcome.events),
      });
      expect(await archive(context, { ends: log.ranges() })).toMatchObject({ events: 10, commits });
      expect(outcomes.length).toBe(commits);
      expect((await place.rows(context.tables.events, 'k')).length).toBe(10);
    }
  });

  test('ends a batch after so much time, though more may come', async () => {
    const log = place.log(1);
    await append(log, [[0, event('a')]]);
    const finish = new AbortController();
    const forever = new Promise<never>(() => {});
    const context = place.archiveContext(dataset, log, {
      batchSeconds: 0.05,
      observe: ({ type }) => type === 'committed' && finish.abort(),
    });
    expect(await archive(context, { ends: forever, signal: finish.signal })).toEqual({
      events: 1,
      rejected: 0,
      commits: 1,
      stopped: true,
    });
  });

  test('that is told to stop commits what it has read', async () => {
    const log = place.log(1);
    await append(log, [[0, event('a')]]);
    const finish = new AbortController();
    const context = place.archiveContext(dataset, log, {
      observe: ({ type }) => type === 'read' && finish.abort(),
    });
    expect(await archive(context, { ends: new Promise<never>(() => {}), signal: finish.signal })).toEqual({
      events: 1,
      rejected: 0,
      commits: 1,
      stopped: true,
    });
  });

  test('reads on while the end is not known yet, and fails when it cannot be known', async () => {
    const log = place.log(1);
    await append(log, [[0, event('a')]]);
    const context = place.archiveContext(dataset, log);
    const end = Promise.withResolvers<Awaited<ReturnType<typeof log.ranges>>>();
    const running = archive(context, { ends: end.promise });
    await append(log, [[0, event('b')]]);
    end.resolve(await log.ranges());
    expect(await running).toMatchObject({ events: 2 });
    const failing = archive(context, { ends: Promise.reject(new Error('ingest failed')) });
    await expect(failing).rejects.toThrow('ingest failed');
  });
});
