import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { EventLog } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { Sink } from '../../core/sink.ts';
import type { ProcessEvent, StageFailure } from '../../processing/observer.ts';
import { processLog } from '../../processing/process.ts';
import type { ProcessContext } from '../../processing/process-context.ts';
import { append, type Electronics, electronics, line, MemoryIndex, stepsOf, Workplace } from './fixtures.ts';

jest.setTimeout(60_000);

let place: Workplace;
let shop: Electronics;
let stop = new AbortController();
beforeAll(async () => {
  place = await Workplace.create();
  shop = await electronics();
});
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});
afterAll(() => place.remove());

/** What a follower reports, and a way to wait for it. */
class Reports {
  readonly profiles: bigint[] = [];
  readonly published: number[] = [];
  readonly failures: StageFailure[] = [];
  #arrived = Promise.withResolvers<void>();

  context(log: EventLog, index: Sink | null = null): ProcessContext {
    const archive = place.archiveContext(shop.dataset, log, {
      batchSeconds: 0.01,
      observe: (event) => this.#hear(event),
    });
    return { archive, ...stepsOf(shop, archive.tables, place.table(), index), ...place.parts };
  }

  #hear(event: ProcessEvent): void {
    if (event.type === 'modelled') this.profiles.push(event.outcome.rows);
    if (event.type === 'published') this.published.push(event.outcome.stored);
    if (event.type === 'failed') this.failures.push(event);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#arrived.promise;
  }
}

/** The archive's result, which is all that is known of one who follows. */
async function follow(context: ProcessContext, stopped: AbortController) {
  return (await processLog(context, { stop: stopped })).archive;
}

/** A log that throws instead of polling, once for each of these errors, after the first poll of a reader. */
function troubled(log: EventLog, errors: EventlakeError[], from = 1): EventLog {
  return Object.assign(Object.create(log), {
    open: () => log.open(),
    id: () => log.id(),
    ranges: () => log.ranges(),
    async reader(options: Parameters<EventLog['reader']>[0]) {
      const reader = await log.reader(options);
      let polls = 0;
      return {
        commit: reader.commit.bind(reader),
        close: () => reader.close(),
        async poll(waitMs: number) {
          polls += 1;
          const error = polls > from ? errors.shift() : undefined;
          if (error) throw error;
          return reader.poll(waitMs);
        },
      };
    },
  });
}

const away = (retriable: boolean) =>
  new EventlakeError('log:unreachable', 'the broker is away', { retriable });

describe('following', () => {
  test('keeps the profiles up to date until it is told to stop', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const reports = new Reports();
    const following = follow(reports.context(log), stop);
    await reports.until(() => reports.profiles.at(-1) === 1n);
    await append(log, [
      [0, line('2')],
      [0, line('3')],
    ]);
    await reports.until(() => reports.profiles.at(-1) === 3n);
    const sofar = reports.profiles.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(reports.profiles.length).toBe(sofar);
    stop.abort();
    expect(await following).toEqual({ events: 3, rejected: 0, commits: expect.any(Number), stopped: true });
  });

  test('survives a log that is away for a while, and counts all that it has done', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const reports = new Reports();
    const following = follow(reports.context(troubled(log, [away(true), away(true)], 3)), stop);
    await reports.until(() => reports.failures.length === 2);
    expect(reports.failures).toMatchObject([
      { stage: 'archive', error: { code: 'log:unreachable' }, pauseMs: 1000 },
      { stage: 'archive', pauseMs: expect.any(Number) },
    ]);
    await append(log, [[1, line('2')]]);
    await reports.until(() => reports.profiles.at(-1) === 2n);
    stop.abort();
    expect(await following).toMatchObject({ events: 2, commits: 2, stopped: true });
  });

  test('ends at a failure that will not pass, and at any before it has reached the stores', async () => {
    const [log, reports] = [place.log(), new Reports()];
    const lost = follow(reports.context(troubled(log, [away(false)])), stop);
    await expect(lost).rejects.toMatchObject({ code: 'log:unreachable' });
    const never = follow(reports.context(troubled(log, [away(true)], 0)), new AbortController());
    await expect(never).rejects.toMatchObject({ code: 'log:unreachable' });
    expect(reports.failures).toEqual([]);
  });

  test('keeps archiving while the index refuses, and publishes once it no longer does', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const [reports, index] = [new Reports(), new MemoryIndex()];
    let open = false;
    const guarded = Object.assign(Object.create(index), {
      async open(...args: Parameters<MemoryIndex['open']>) {
        if (!open) throw new EventlakeError('index:forbidden', 'it answered 403');
        return index.open(...args);
      },
    });
    const following = follow(reports.context(log, guarded), stop);
    await reports.until(() => reports.failures.length === 1);
    await append(log, [[0, line('2')]]);
    await reports.until(() => reports.profiles.at(-1) === 2n && reports.failures.length > 1);
    expect(reports.failures.map(({ stage, pauseMs }) => [stage, pauseMs]).slice(0, 2)).toEqual([
      ['publish', 1000],
      ['publish', 2000],
    ]);
    open = true;
    await reports.until(() => reports.published.length === 1);
    expect([...index.documents.keys()].sort()).toEqual(['1', '2']);
    stop.abort();
    expect(await following).toMatchObject({ events: 2 });
  });

  test('archives and computes profiles while the index gives no answer, and ends at once', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const [reports, index] = [new Reports(), new MemoryIndex()];
    const asked = Promise.withResolvers<void>();
    const hanging = Object.assign(Object.create(index), {
      open: () =>
        new Promise((_, reject) => {
          asked.resolve();
          stop.signal.addEventListener('abort', () => reject(stop.signal.reason));
        }),
    });
    const following = follow(reports.context(log, hanging), stop);
    await asked.promise;
    for (const n of [2, 3, 4]) {
      await append(log, [[0, line(String(n))]]);
      await reports.until(() => reports.profiles.at(-1) === BigInt(n));
    }
    stop.abort();
    expect(await following).toMatchObject({ events: 4, commits: 4, stopped: true });
    expect(reports.failures).toEqual([]);
    expect(await follow(reports.context(log, hanging), stop)).toMatchObject({ events: 0, stopped: true });
  });

  test('a failure that will not pass ends a stage that waits for an answer, too', async () => {
    const log = place.log();
    await append(log, [[0, line('1')]]);
    const [reports, index] = [new Reports(), new MemoryIndex()];
    const errors: EventlakeError[] = [];
    const hanging = Object.assign(Object.create(index), {
      open: () =>
        new Promise((_, reject) => {
          errors.push(away(false));
          stop.signal.addEventListener('abort', () => reject(stop.signal.reason));
        }),
    });
    const following = follow(reports.context(troubled(log, errors), hanging), stop);
    await expect(following).rejects.toMatchObject({ code: 'log:unreachable' });
  });
});
