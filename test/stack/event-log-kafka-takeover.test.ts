import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import type { LogWriter } from '../../core/contracts.ts';
import { chunkOf, drain, record, valuesOf } from '../conformance/event-log-records.ts';

const PARTITIONS = 4;
/** The coordinator stumbles over about one takeover in a thousand. */
const TAKEOVERS = 1_500;
const TIMEOUT_MS = 1_200_000;

let log: KafkaEventLog;
let writer: LogWriter;

afterEach(async () => {
  await writer.close();
  await log.wipe();
  await log.close();
});

test(
  'whenever a writer is superseded, it is told so, and the log holds what was acknowledged and nothing else',
  async () => {
    log = new KafkaEventLog({
      brokers: (process.env.EVENTLAKE_TEST_KAFKA ?? '').split(','),
      topic: `takeover-${randomUUID()}`,
      partitions: PARTITIONS,
    });
    await log.open();
    const acknowledged: string[] = [];
    /** Appends until it is refused, and tells why. */
    const work = async (worker: LogWriter, name: number): Promise<unknown> => {
      for (let number = 0; ; number++) {
        const value = `${name} ${number} `.padEnd(200, '.');
        try {
          await worker.append(chunkOf(Array.from({ length: 100 }, (_, i) => record(i % PARTITIONS, value))));
        } catch (error) {
          return error;
        }
        acknowledged.push(value);
      }
    };
    const ends: unknown[] = [];
    writer = await log.writer();
    for (const delay of fc.sample(fc.integer({ min: 1, max: 12 }), { numRuns: TAKEOVERS, seed: 5 })) {
      const end = work(writer, ends.length);
      await sleep(delay);
      const next = await log.writer();
      ends.push(await end);
      await writer.close();
      writer = next;
    }
    expect(ends.filter((error) => (error as { code?: string }).code !== 'log:fenced')).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(TAKEOVERS / 10);
    const read = await drain(log);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const values = valuesOf(read, `events/${partition}`).map(String);
      expect(values.filter((_, i) => i % (100 / PARTITIONS) === 0)).toEqual(acknowledged);
      expect(values.length).toBe((acknowledged.length * 100) / PARTITIONS);
    }
  },
  TIMEOUT_MS,
);
