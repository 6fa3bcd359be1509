import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import type { LogReader } from '../../core/contracts.ts';
import { chunkOf, entry, record } from '../conformance/event-log-records.ts';
import { setConsumerQuota } from '../faults/consumer-quota.ts';

const brokers = (process.env.EVENTLAKE_TEST_KAFKA ?? '').split(',');

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

function logOf(topic: string, clientId = 'eventlake'): KafkaEventLog {
  const log = new KafkaEventLog({ brokers, topic, partitions: 1, clientId });
  toClose.push(async () => {
    await log.wipe();
    await log.close();
  });
  return log;
}

async function fill(log: KafkaEventLog, values: readonly string[]): Promise<void> {
  await log.open();
  const writer = await log.writer();
  await writer.append(chunkOf(values.map((value) => record(0, value))));
  await writer.close();
}

/** Reads events until there are `count`. */
async function read(reader: LogReader, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) {
    const batch = await reader.poll(1000);
    if (batch?.stream === 'events') values.push(...Array.from(batch.values, String));
  }
  return values;
}

test('a topic that is deleted, made again and refilled while a reader waits is not read on', async () => {
  const log = logOf(`made-again-${randomUUID()}`);
  await fill(log, ['old 0', 'old 1']);
  const reader = await log.reader({ position: async () => null });
  toClose.push(() => reader.close());
  expect(await read(reader, 2)).toEqual(['old 0', 'old 1']);

  await log.wipe();
  await fill(
    log,
    Array.from({ length: 50 }, (_, i) => `new ${i}`),
  );
  await expect(read(reader, 1)).rejects.toMatchObject({
    code: 'log:made_anew',
    hint: expect.stringContaining('reset --yes'),
  });
});

test('under a quota the ledger is read to its end all the same', async () => {
  const clientId = `throttled-${randomUUID()}`;
  const log = logOf(`quota-${randomUUID()}`, clientId);
  await log.open();
  const writer = await log.writer();
  const entries = Array.from({ length: 40 }, (_, i) => ({
    ...entry(`ingestion-${i}`, i + 1),
    file: `data/${'long-'.repeat(100)}${i}.csv`,
  }));
  for (const progress of entries) await writer.append(chunkOf([], [], progress));
  await writer.close();

  toClose.push(() => setConsumerQuota(brokers, clientId, null));
  await setConsumerQuota(brokers, clientId, 2000);
  // The first answer uses the quota up, and the next ones are empty for some seconds.
  for (let i = 0; i < 2; i += 1) expect(await log.ledger()).toEqual(entries);
});

test('a writer puts nothing into a topic that was made again under its name', async () => {
  const log = logOf(`written-again-${randomUUID()}`);
  await log.open();
  const writer = await log.writer();
  toClose.push(() => writer.close());
  await writer.append(chunkOf([record(0, 'first half')], [], entry('file', 1)));
  await log.wipe();
  await log.open();
  const rest = chunkOf([record(0, 'second half')], [], entry('file', 2));
  await expect(writer.append(rest)).rejects.toMatchObject({ code: 'log:made_anew' });
  // What the writer left open is aborted.
  await (await log.writer()).close();
  expect(await log.ledger()).toEqual([]);
  const reader = await log.reader({ position: async () => null });
  toClose.push(() => reader.close());
  expect([...((await reader.poll(1500))?.values ?? [])]).toEqual([]);
});
