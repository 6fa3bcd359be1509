import { randomBytes, randomUUID } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { Admin, Producer } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import type { LogReader } from '../../core/contracts.ts';
import { partitionId } from '../../core/contracts.ts';
import { describeEventLog } from '../conformance/event-log.ts';
import { chunkOf, drain, entry, record, valuesOf } from '../conformance/event-log-records.ts';

const brokers = (process.env.EVENTLAKE_TEST_KAFKA ?? '').split(',');
const TIMEOUT_MS = 60_000;
const client = { clientId: 'eventlake-test', bootstrapBrokers: brokers };

describeEventLog('Kafka', async (topic, partitions) => new KafkaEventLog({ brokers, topic, partitions }));

const toClose: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of toClose.splice(0).reverse()) {
    if (one instanceof KafkaEventLog) await one.wipe();
    await one.close();
  }
}, TIMEOUT_MS);

function closed<T extends { close(): Promise<void> }>(one: T): T {
  toClose.push(one);
  return one;
}

async function openLog(partitions = 1): Promise<{ log: KafkaEventLog; topic: string }> {
  const topic = `kafka-${randomUUID()}`;
  const log = closed(new KafkaEventLog({ brokers, topic, partitions }));
  await log.open();
  return { log, topic };
}

/** Another program's producer, with a transaction each time that it asks for one. */
function foreignProducer(): Producer {
  // The library asks for producer id 0 unless it is told that there is none yet.
  return closed(
    new Producer({
      ...client,
      idempotent: true,
      transactionalId: randomUUID(),
      producerId: -1n,
      producerEpoch: -1,
    }),
  );
}

async function endOfEvents(log: KafkaEventLog): Promise<bigint | undefined> {
  return (await log.ranges()).find((range) => partitionId(range) === 'events/0')?.end;
}

test(
  'records of other producers are read, however they are packed, and so are tombstones',
  async () => {
    const { log, topic } = await openLog();
    const producer = closed(new Producer<Buffer, Buffer | null, Buffer, Buffer>({ ...client }));
    const sent: (Buffer | null)[] = [];
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const values = Array.from({ length: 500 }, (_, i) =>
        i === 7 ? null : Buffer.from(`${compression} ${i} `.repeat(i % 20)),
      );
      const messages = values.map((value, i) => ({
        topic,
        partition: 0,
        key: Buffer.from(`${i}`),
        value,
        headers: new Map([[Buffer.from('packed'), Buffer.from(compression)]]),
        timestamp: 1_600_000_000_000n + BigInt(i),
      }));
      await producer.send({ messages, compression });
      sent.push(...values);
    }
    const read = (await drain(log)).get('events/0');
    expect(read?.values).toEqual(sent);
    expect(read?.timestamps.slice(0, 500)).toEqual(
      Array.from({ length: 500 }, (_, i) => 1_600_000_000_000 + i),
    );
  },
  TIMEOUT_MS,
);

test(
  'another client reads what was appended: keys, values, partitions, the line as a header, and nothing else',
  async () => {
    const { log, topic } = await openLog(2);
    const writer = closed(await log.writer());
    const appended = Array.from({ length: 5_000 }, (_, i) => ({
      ...record(i % 2, `value ${i}`.repeat(i % 40), i % 10 === 0 ? null : `key ${i}`),
      ...(i % 7 === 0 ? {} : { line: i ** 2 }),
    }));
    const { file } = entry('', 1);
    await writer.append(chunkOf(appended.slice(0, 4_000)));
    await writer.append(chunkOf(appended.slice(4_000)));

    const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
      decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
    });
    const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({ groupId: topic });
    const read: { partition: number; key: string | null; value: string; headers: unknown }[] = [];
    await consumer.connect();
    toClose.push({ close: () => consumer.disconnect() });
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      const eachMessage = async ({ partition, message }: kafkajs.EachMessagePayload) => {
        const { key, value, headers } = message;
        read.push({
          partition,
          key: key === null ? null : String(key),
          value: String(value),
          headers: Object.entries(headers ?? {}).map(([name, bytes]) => `${name}=${bytes}`),
        });
        if (read.length === appended.length) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    for (const partition of [0, 1]) {
      const expected = appended
        .filter((one) => one.partition === partition)
        .map(({ key, value, line }) => ({
          ...{ partition, key: key && String(key), value: String(value) },
          headers: line === undefined ? [] : [`source-line=${file}:${line}`],
        }));
      expect(read.filter((one) => one.partition === partition)).toEqual(expected);
    }
  },
  TIMEOUT_MS,
);

test(
  'what lies behind an open transaction is not there yet; what was aborted never is',
  async () => {
    const { log, topic } = await openLog();
    const writer = closed(await log.writer());
    await writer.append(chunkOf([record(0, 'before')]));
    const end = await endOfEvents(log);

    const send = { messages: [{ topic, partition: 0, value: Buffer.from('foreign') }] };
    const aborting = await foreignProducer().beginTransaction();
    await aborting.send(send);
    const committing = await foreignProducer().beginTransaction();
    await committing.send(send);
    await writer.append(chunkOf([record(0, 'after')]));
    expect(await endOfEvents(log)).toBe(end);
    expect(valuesOf(await drain(log), 'events/0').map(String)).toEqual(['before']);

    await committing.commit();
    expect(await endOfEvents(log)).toBe(end);
    await aborting.send(send);
    await aborting.abort();
    await writer.append(chunkOf([record(0, 'last')]));
    expect(valuesOf(await drain(log), 'events/0').map(String)).toEqual([
      'before',
      'foreign',
      'after',
      'last',
    ]);
    // Wherever reading begins, also within the aborted transaction.
    const offsets = (await drain(log)).get('events/0')?.offsets ?? [];
    for (let from = 0n; from <= ((await endOfEvents(log)) ?? 0n); from++) {
      const read = await drain(log, async ({ stream }) => (stream === 'events' ? from : null));
      expect(read.get('events/0')?.offsets).toEqual(offsets.filter((offset) => offset >= from));
    }
  },
  TIMEOUT_MS,
);

test(
  'a chunk of which Kafka refuses a record is wholly absent, and ends the writer',
  async () => {
    const { log, topic } = await openLog(2);
    const writer = closed(await log.writer());
    await writer.append(chunkOf([record(0, 'a')], [], entry('one', 1)));
    const refused = chunkOf(
      [record(0, 'b'), record(1, randomBytes(1_200_000))],
      [record(0, 'c')],
      entry('one', 2),
    );
    await expect(writer.append(refused)).rejects.toMatchObject({
      code: 'log:record_too_large',
      retriable: false,
    });
    await expect(writer.append(chunkOf([record(0, 'd')]))).rejects.toMatchObject({
      code: 'log:record_too_large',
    });
    // Readers need not wait for the next writer: what others write behind the refused chunk comes to them.
    await closed(new Producer(client)).send({
      messages: [{ topic, partition: 0, value: Buffer.from('foreign') }],
      acks: -1,
    });
    const reader = closed(await log.reader({ position: async () => null }));
    const values: string[] = [];
    while (values.length < 2) values.push(...Array.from((await reader.poll(1_000))?.values ?? [], String));
    expect(values).toEqual(['a', 'foreign']);
    const next = closed(await log.writer());
    expect(await log.ledger()).toEqual([entry('one', 1)]);
    await next.append(chunkOf([record(0, 'e')]));
    const read = await drain(log);
    expect(valuesOf(read, 'events/0').map(String)).toEqual(['a', 'foreign', 'e']);
    expect(valuesOf(read, 'dead-letters/0')).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'where retention has removed records, reading begins behind them or is refused',
  async () => {
    const { log, topic } = await openLog();
    const writer = closed(await log.writer());
    await writer.append(chunkOf(Array.from({ length: 100 }, (_, i) => record(0, `${i}`))));
    const admin = closed(new Admin(client));
    // In the middle of a batch.
    await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 40n }] }] });

    expect((await log.ranges())[0]).toEqual({ stream: 'events', partition: 0, start: 40n, end: 101n });
    const rest = Array.from({ length: 60 }, (_, i) => `${i + 40}`);
    expect(valuesOf(await drain(log), 'events/0').map(String)).toEqual(rest);
    const at = (offset: bigint) => drain(log, async ({ stream }) => (stream === 'events' ? offset : null));
    expect(valuesOf(await at(40n), 'events/0').map(String)).toEqual(rest);
    await expect(at(39n)).rejects.toMatchObject({
      code: 'log:offsets_missing',
      message: expect.stringMatching(/39.*40.*101/),
    });

    // Records removed while a reader waits: it must not continue behind them as if nothing was missing.
    const reader = closed(await log.reader({ position: async () => null }));
    await readUpTo(reader, 101n);
    await writer.append(chunkOf([record(0, 'new')]));
    await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: -1n }] }] });
    const late = closed(
      await log.reader({ position: async ({ stream }) => (stream === 'events' ? 101n : null) }),
    );
    await expect(readUpTo(late, 103n)).rejects.toMatchObject({ code: 'log:offsets_missing' });
  },
  TIMEOUT_MS,
);

async function readUpTo(reader: LogReader, end: bigint): Promise<void> {
  for (let next = 0n; next < end; ) {
    const batch = await reader.poll(1_000);
    if (batch?.stream === 'events') next = batch.next;
  }
}

test(
  'an event log that cannot be reached says so soon, with its address',
  async () => {
    const nowhere = new KafkaEventLog({ brokers: ['127.0.0.1:1'], topic: 'x', partitions: 1 });
    const began = Date.now();
    const unreachable = {
      code: 'log:unreachable',
      retriable: true,
      message: expect.stringContaining('127.0.0.1:1'),
      hint: expect.stringContaining('make start'),
    };
    await expect(nowhere.open()).rejects.toMatchObject(unreachable);
    await expect(nowhere.ranges()).rejects.toMatchObject(unreachable);
    await expect(nowhere.writer()).rejects.toMatchObject(unreachable);
    await expect(nowhere.reader({ group: 'g', position: async () => null })).rejects.toMatchObject(
      unreachable,
    );
    expect(Date.now() - began).toBeLessThan(10_000);
    await nowhere.close();

    const oneOfTwo = closed(
      new KafkaEventLog({
        brokers: ['127.0.0.1:1', ...brokers],
        topic: `kafka-${randomUUID()}`,
        partitions: 1,
      }),
    );
    expect((await oneOfTwo.open()).partitions).toBe(1);
  },
  TIMEOUT_MS,
);

test(
  'a log that was never made cannot be written or read',
  async () => {
    const log = closed(new KafkaEventLog({ brokers, topic: `kafka-${randomUUID()}`, partitions: 1 }));
    await expect(log.writer()).rejects.toMatchObject({ code: 'log:missing' });
    await expect(log.reader({ position: async () => null })).rejects.toMatchObject({ code: 'log:missing' });
  },
  TIMEOUT_MS,
);
