import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EventLog, LogWriter } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { contents, ingestFile, rows, textsIn, textsOf, Workplace } from './fixtures.ts';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.create();
});
afterEach(() => rm(place.folder, { recursive: true }));

const HEADER = 'at,id,text\n';

const LOST = new Error('the connection was lost');
const PASSING = new EventlakeError('log:unreachable', 'the broker is away', { retriable: true });

/** The log, but its writer fails at its `appends`-th chunk: before it is stored, or after (a lost answer). */
function failing(log: EventLog, appends: number, stored: boolean, fault: Error = LOST): EventLog {
  let left = appends;
  const failingWriter = (writer: LogWriter): LogWriter => ({
    async append(chunk) {
      left -= 1;
      if (left !== 0) return writer.append(chunk);
      if (stored) await writer.append(chunk);
      throw fault;
    },
    close: () => writer.close(),
  });
  return Object.assign(Object.create(log), {
    open: () => log.open(),
    ledger: () => log.ledger(),
    writer: async () => failingWriter(await log.writer()),
  });
}

const line = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 5 }).map((id) => `now,${id},text ${id}\n`) },
  fc.constantFrom(
    '\n',
    '\r\n',
    'oops\n',
    'a"b,c,d\n',
    'now,1,"two\nlines"\r\n',
    'now,2,"open\n',
    ',,\n',
    '"","",""\n',
  ),
  fc.constant(`${'y'.repeat(140_000)}\n`),
);
const file = fc.tuple(fc.array(line, { maxLength: 25 }), fc.boolean()).map(([lines, endless]) => {
  const text = lines.join('');
  return HEADER + (endless && text.endsWith('\n') ? text.slice(0, -1) : text);
});

describe('an ingestion whose log is away for a moment', () => {
  test.each([
    [false, true],
    [true, false],
  ])(
    'resumes by itself, once each row; stored already: %s, ingested again: %s',
    async (stored, again) => {
      const path = await place.put('file.csv', HEADER + rows(1, 8));
      await ingestFile(place.log(), path, { limit: again ? 4 : 1 });
      const result = await ingestFile(failing(place.log(), 2, stored, PASSING), path, { again });
      expect(result).toMatchObject({ rows: again ? 8 : 7, entry: { rows: 8, complete: true } });
      expect(result.retries).toEqual(['the broker is away']);
      expect(await textsIn(place.log())).toEqual([...textsOf(1, 8), ...(again ? textsOf(1, 4) : [])].sort());
    },
    30_000,
  );

  test('just when its last chunk was stored has ingested all the same', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 4));
    const log = failing(place.log(), 2, true, PASSING);
    expect(await ingestFile(log, path)).toMatchObject({ outcome: 'ingested', rows: 4 });
    expect(await textsIn(place.log())).toEqual(textsOf(1, 4));
  }, 30_000);

  test('keeps to its limit', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 20));
    const log = failing(place.log(), 3, true, PASSING);
    expect(await ingestFile(log, path, { limit: 7 })).toMatchObject({ outcome: 'stopped', rows: 7 });
    expect(await textsIn(place.log())).toEqual(textsOf(1, 7));
  }, 30_000);
});

describe('an ingestion that is interrupted', () => {
  test('anywhere, and run again, leaves what an undisturbed one leaves', async () => {
    let run = 0;
    const interruptions = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.option(fc.integer({ min: 1, max: 6 }))),
      { maxLength: 3 },
    );
    const property = fc.asyncProperty(
      file,
      fc.integer({ min: 1, max: 6 }),
      interruptions,
      async (content, chunkRows, stops) => {
        run += 1;
        const [calm, disturbed] = [await Workplace.create(), await Workplace.create()];
        const path = await place.put(`file-${run}.csv`, content);
        await ingestFile(calm.log(), path, { chunkRows });
        for (const [appends, stored, limit] of stops) {
          await ingestFile(failing(disturbed.log(), appends, stored), path, {
            chunkRows,
            limit: limit ?? undefined,
          }).catch((error) => expect(error.message).toBe('the connection was lost'));
        }
        const result = await ingestFile(disturbed.log(), path, { chunkRows });
        expect(await contents(disturbed.log())).toEqual(await contents(calm.log()));
        const [[expected], [actual, ...more]] = [await calm.log().ledger(), await disturbed.log().ledger()];
        expect(more).toEqual([]);
        expect({ ...actual, ingestion: '', updatedAt: '' }).toEqual({
          ...expected,
          ingestion: '',
          updatedAt: '',
        });
        expect(result.entry).toEqual(actual);
        await Promise.all([rm(calm.folder, { recursive: true }), rm(disturbed.folder, { recursive: true })]);
      },
    );
    await fc.assert(property, { numRuns: 15 });
  }, 30_000);

  test('by a limit stops after exactly so many rows, and every limit resumes where the one before ended', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 10));
    const log = place.log();
    for (const [limit, total] of [
      [1, 1],
      [2, 3],
      [3, 6],
      [3, 9],
    ] as const) {
      expect(await ingestFile(log, path, { limit })).toMatchObject({
        outcome: 'stopped',
        rows: limit,
        entry: { rows: total, complete: false },
      });
      expect(await textsIn(log)).toEqual(textsOf(1, total));
    }
    expect(await ingestFile(log, path, { limit: 5 })).toMatchObject({
      outcome: 'continued',
      rows: 1,
      entry: { complete: true },
    });
    expect(await ingestFile(log, path, { limit: 5 })).toMatchObject({ outcome: 'nothing_new', rows: 0 });
  });

  test('by a limit that is all there is does not know yet that it is at the end', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 4));
    const log = place.log();
    expect(await ingestFile(log, path, { limit: 4 })).toMatchObject({ outcome: 'stopped', rows: 4 });
    expect(await ingestFile(log, path)).toMatchObject({
      outcome: 'continued',
      rows: 0,
      entry: { rows: 4, complete: true },
    });
    expect(await textsIn(log)).toEqual(textsOf(1, 4));
  });

  test('by its signal finishes what it has begun', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 20_000));
    const log = place.log();
    const controller = new AbortController();
    const stopped = await ingestFile(log, path, {
      chunkRows: 1000,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect(stopped).toMatchObject({ outcome: 'stopped', entry: { complete: false } });
    expect(stopped.rows).toBeGreaterThanOrEqual(1000);
    expect(stopped.rows).toBeLessThan(20_000);
    expect((await textsIn(log)).length).toBe(stopped.rows);
    expect(await ingestFile(log, path, { chunkRows: 1000 })).toMatchObject({
      outcome: 'continued',
      entry: { rows: 20_000 },
    });
    expect(new Set(await textsIn(log)).size).toBe(20_000);
  });

  test('by its signal within a line that is too long stops at its end, not in it', async () => {
    const path = await place.put('file.csv', `${HEADER}${rows(1, 1)}${'y'.repeat(5_000_000)}\n${rows(2, 2)}`);
    const log = place.log();
    let looks = 0;
    const signal = Object.defineProperty(new AbortController().signal, 'aborted', { get: () => looks++ > 0 });
    expect(await ingestFile(log, path, { signal })).toMatchObject({ outcome: 'stopped', rows: 2 });
    await ingestFile(log, path);
    expect(await textsIn(log)).toEqual(textsOf(1, 2));
    expect((await contents(log)).deadLetters.map(({ line: number }) => number)).toEqual([3]);
  });

  test('before it began, by another that brings the rest, has done nothing itself', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 8));
    await ingestFile(place.log(), path, { limit: 3 });
    const log: EventLog = Object.assign(Object.create(place.log()), {
      open: () => place.log().open(),
      ledger: () => place.log().ledger(),
      async writer() {
        await ingestFile(place.log(), path);
        return place.log().writer();
      },
    });
    expect(await ingestFile(log, path)).toMatchObject({
      outcome: 'nothing_new',
      rows: 0,
      entry: { rows: 8 },
    });
    expect(await textsIn(place.log())).toEqual(textsOf(1, 8));
  });

  test('by another ingestion of the same file stops, and the rows are there once', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 60));
    const first = ingestFile(place.log(), path, { chunkRows: 1 });
    const second = ingestFile(place.log(), path, { chunkRows: 1 });
    const outcomes = await Promise.allSettled([first, second]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'log:fenced' });
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await textsIn(place.log())).toEqual(textsOf(1, 60));
  });
});
