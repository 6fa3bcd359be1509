import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Admin } from '@platformatic/kafka';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import { type BatchForm, produceBatches } from './small-batches.ts';

jest.setTimeout(180_000);

const brokers = (process.env.EVENTLAKE_TEST_KAFKA ?? '').split(',');
const partitions = 2;
const topic = `kafka-${randomUUID()}`;
const log = new KafkaEventLog({ brokers, topic, partitions, readOnly: true });
const admin = new Admin({ clientId: 'eventlake-test', bootstrapBrokers: brokers });

beforeAll(async () => {
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
});
afterAll(async () => {
  await log.close();
  await admin.deleteTopics({ topics: [topic] });
  await admin.close();
});

/** What is read from these offsets on to the ends, and in how many batches. */
async function readOn(from: ReadonlyMap<number, bigint>) {
  const ends = new Map((await log.ranges()).map(({ partition, end }) => [partition, end]));
  const reader = await log.reader({ position: async ({ partition }) => from.get(partition) ?? null });
  const values: string[] = [];
  let batches = 0;
  for (const unread = new Set(ends.keys()); unread.size > 0; ) {
    const batch = await reader.poll(1_000);
    if (!batch) continue;
    batches += 1;
    values.push(...Array.from(batch.values, String));
    if (batch.next >= (ends.get(batch.partition) ?? 0n)) unread.delete(batch.partition);
  }
  await reader.close();
  return { values, batches, ends };
}

test('records that were produced one a batch, or one a transaction, are handed over many at once', async () => {
  let read: Awaited<ReturnType<typeof readOn>> = { values: [], batches: 0, ends: new Map() };
  const cases: [BatchForm, number, number][] = [
    ['one record', 5_000, 5_000],
    // Every second transaction is aborted, and each has a record in both partitions.
    ['transaction', 200, 100],
  ];
  for (const [form, sent, committed] of cases) {
    const values = Array.from({ length: sent }, (_, i) => `${form} ${i}`);
    await produceBatches(
      brokers,
      { topic, partitions },
      values.map((value) => Buffer.from(value)),
      form,
    );
    read = await readOn(read.ends);
    expect(read.values).toHaveLength(committed);
    const found = new Set(read.values);
    expect(found.size).toBe(committed);
    expect(values.filter((value) => found.has(value))).toHaveLength(committed);
    // An answer of the broker ends a batch, too; it holds all that there is, or 4,000 batches.
    expect(read.batches).toBeLessThan(30);
  }
});
