import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EventLog, LogWriter } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import type { OutgoingRecord } from '../../core/outgoing-records.ts';
import { describeReading } from './event-log-reading.ts';
import { chunkOf, drain, entry, record, valuesOf } from './event-log-records.ts';

/** A real server may need a while for a new topic. */
const TIMEOUT_MS = 60_000;
const PARTITIONS = 3;

/** What the parts of the suite share. */
export interface Fixture {
  /** A test with a generous time limit. */
  it(title: string, run: () => Promise<void>, timeout?: number): void;
  /** An open log with 3 partitions of events; without a topic, a new one. It is wiped after the test. */
  opened(topic?: string): Promise<EventLog>;
}

/**
 * What every {@link EventLog} must do. `connect` gives a log that nobody has opened yet; called with the same
 * topic again, it gives what another process would get. `partitions` is what is asked for, should the topic
 * have to be made.
 */
export function describeEventLog(
  name: string,
  connect: (topic: string, partitions: number) => Promise<EventLog>,
): void {
  describe(`event log: ${name}`, () => {
    const connected: EventLog[] = [];

    async function connectTo(topic: string, partitions = PARTITIONS): Promise<EventLog> {
      const log = await connect(topic, partitions);
      connected.push(log);
      return log;
    }

    async function opened(topic = newTopic()): Promise<EventLog> {
      const log = await connectTo(topic);
      await log.open();
      return log;
    }

    const newTopic = () => `conformance-${randomUUID()}`;

    afterEach(async () => {
      for (const log of connected) await log.wipe();
      for (const log of connected.splice(0)) await log.close();
    }, TIMEOUT_MS);

    function it(title: string, run: () => Promise<void>, timeout = TIMEOUT_MS): void {
      test(title, run, timeout);
    }

    it('a log that was never opened holds nothing, and wiping it is harmless', async () => {
      const log = await connectTo(newTopic());
      expect(await log.ranges()).toEqual([]);
      expect(await log.ledger()).toEqual([]);
      expect(await log.id()).toBeNull();
      await log.wipe();
      await log.wipe();
    });

    it('opening makes the partitions once; they stay as they were made', async () => {
      const topic = newTopic();
      const log = await connectTo(topic);
      const made = await log.open();
      expect(made).toEqual({ id: expect.stringMatching(/./), partitions: PARTITIONS });
      expect(await log.open()).toEqual(made);
      expect(await log.id()).toBe(made.id);
      expect(await (await connectTo(topic, PARTITIONS + 2)).open()).toEqual(made);
      const ranges = await log.ranges();
      const ids = ['dead-letters/0', 'events/0', 'events/1', 'events/2'];
      expect(ranges.map(partitionId).sort()).toEqual(ids);
      for (const { start, end } of ranges) expect(end).toBe(start);
      expect(await log.ledger()).toEqual([]);
    });

    it('the ledger keeps the newest entry of each ingestion, across writers', async () => {
      const log = await opened();
      const first = await log.writer();
      await first.append(chunkOf([], [], entry('b', 1)));
      await first.append(chunkOf([], [], entry('b', 2)));
      await first.close();
      const second = await log.writer();
      await second.append(chunkOf([], [], entry('a', 7)));
      expect(await log.ledger()).toEqual([entry('b', 2), entry('a', 7)]);
      await second.append(chunkOf([], [], entry('b', 3)));
      await second.close();
      const ledger = await log.ledger();
      expect(ledger.length).toBe(2);
      expect(ledger).toEqual(expect.arrayContaining([entry('a', 7), entry('b', 3)]));
    });

    it('a record says which line of which file it is, where its writer said so', async () => {
      const log = await opened();
      const writer = await log.writer();
      const lines = [2, 3, 99, 1_000_000, 4_294_967_295];
      const ofFile = lines.map((line) => ({ ...record(0, `line ${line}`, 'key'), line }));
      await writer.append(chunkOf(ofFile));
      await writer.append(chunkOf([record(0, 'of no file'), record(1, 'of no file')]));
      const other = entry('other', 1);
      await writer.append(chunkOf([{ ...record(0, 'second'), line: 7 }], [], { ...other, file: 'b:1.csv' }));
      await writer.close();
      const read = await drain(log);
      const { file } = entry('', 1);
      expect(read.get('events/0')?.sources).toEqual([
        ...lines.map((line) => ({ file, line })),
        null,
        { file: 'b:1.csv', line: 7 },
      ]);
      expect(read.get('events/1')?.sources).toEqual([null]);
      const later = await drain(log, async ({ stream, partition }) =>
        stream === 'events' && partition === 0 ? 3n : null,
      );
      expect(later.get('events/0')?.sources).toEqual(read.get('events/0')?.sources.slice(3));
    });

    it('a writer is superseded by the next one, and leaves nothing after it', async () => {
      const topic = newTopic();
      const log = await opened(topic);
      const old = await log.writer();
      await old.append(chunkOf([record(0, 'old 1')], [], entry('old', 1)));
      const rival = await opened(topic);
      const next = await rival.writer();
      expect(await rival.ledger()).toEqual([entry('old', 1)]);
      const late = chunkOf([record(0, 'old 2'), record(1, 'old 3')], [record(0, 'old 4')], entry('old', 2));
      await expect(old.append(late)).rejects.toMatchObject({ code: 'log:fenced' });
      await next.append(chunkOf([record(0, 'new 1')], [], entry('new', 1)));
      await expect(old.append(late)).rejects.toMatchObject({ code: 'log:fenced' });
      await next.append(chunkOf([record(1, 'new 2')], [], entry('new', 2)));
      await old.close();
      await next.close();
      const read = await drain(log);
      expect(valuesOf(read, 'events/0').map(String)).toEqual(['old 1', 'new 1']);
      expect(valuesOf(read, 'events/1').map(String)).toEqual(['new 2']);
      expect(valuesOf(read, 'dead-letters/0')).toEqual([]);
      expect(await log.ledger()).toEqual([entry('old', 1), entry('new', 2)]);
    });

    it('after a wipe nothing is there, and the log can be made again', async () => {
      const log = await opened();
      const wiped = await log.open();
      const writer = await log.writer();
      await writer.append(chunkOf([record(0, 'a')], [record(0, 'b')]));
      await writer.close();
      expect(await log.open()).toEqual(wiped);
      await log.wipe();
      expect(await log.ranges()).toEqual([]);
      expect(await log.ledger()).toEqual([]);
      const made = await log.open();
      expect(made.partitions).toBe(PARTITIONS);
      expect(made.id).not.toBe(wiped.id);
      expect(await log.ledger()).toEqual([]);
      const again = await log.writer();
      await again.append(chunkOf([record(0, 'c')], [], entry('after', 1)));
      await again.close();
      const read = await drain(log);
      expect(valuesOf(read, 'events/0').map(String)).toEqual(['c']);
      expect(valuesOf(read, 'dead-letters/0')).toEqual([]);
      expect(await log.ledger()).toEqual([entry('after', 1)]);
    });

    it(
      'any chunks, by any writers, are read as they were appended',
      async () => {
        const recordFor = (partitions: number) =>
          fc.record({
            partition: fc.nat(partitions - 1),
            key: fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))),
            value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
          });
        const step = fc.record({
          events: fc.array(recordFor(PARTITIONS), { maxLength: 40 }),
          deadLetters: fc.array(recordFor(1), { maxLength: 5 }),
          newWriter: fc.boolean(),
        });
        const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          const log = await opened();
          let writer = await log.writer();
          const superseded: LogWriter[] = [];
          for (const { events, deadLetters, newWriter } of steps) {
            if (newWriter) {
              superseded.push(writer);
              writer = await log.writer();
            }
            await writer.append(chunkOf(events, deadLetters));
          }
          for (const each of [...superseded, writer]) await each.close();
          const read = await drain(log);
          const appended = (records: OutgoingRecord[], partition: number) =>
            records.filter((each) => each.partition === partition).map(({ value }) => value);
          for (let partition = 0; partition < PARTITIONS; partition++) {
            const events = steps.flatMap((each) => each.events);
            expect(valuesOf(read, `events/${partition}`)).toEqual(appended(events, partition));
          }
          const deadLetters = steps.flatMap((each) => each.deadLetters);
          expect(valuesOf(read, 'dead-letters/0')).toEqual(appended(deadLetters, 0));
        });
        await fc.assert(property, { numRuns: 5, seed: 20_201_001, endOnFailure: true });
      },
      3 * TIMEOUT_MS,
    );

    describeReading({ it, opened });
  });
}
