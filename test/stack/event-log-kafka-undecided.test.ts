import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  Admin,
  ConfigResourceTypes,
  ConnectionPool,
  IncrementalAlterConfigOperationTypes,
  initProducerIdV4,
  parseBroker,
  produceV9,
} from '@platformatic/kafka';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import { chunkOf, drain, record, valuesOf } from '../conformance/event-log-records.ts';

const BROKERS = (process.env.EVENTLAKE_TEST_KAFKA ?? '').split(',');
/** The one broker of the test servers. */
const BROKER_ID = '1';
/** Long enough for a writer that does not wait to be there. */
const SOME_TIME_MS = 1_500;

let log: KafkaEventLog;
let topic: string;
let producer: Producer;

beforeEach(async () => {
  topic = `undecided-${randomUUID()}`;
  log = new KafkaEventLog({ brokers: BROKERS, topic, partitions: 1 });
  await log.open();
  producer = new Kafka({ brokers: BROKERS, logLevel: logLevel.NOTHING }).producer({
    transactionalId: `other-${topic}`,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
});

afterEach(async () => {
  await producer.disconnect();
  await log.wipe();
  await log.close();
});

test('a writer is there only when the entries of earlier writers can be seen', async () => {
  const entry = chunkOf([]).progress;
  const transaction = await producer.transaction();
  await transaction.send({
    topic: `${topic}.ingestions`,
    messages: [{ key: entry.ingestion, value: JSON.stringify(entry) }],
  });
  expect(await log.ledger()).toEqual([]);
  let isThere = false;
  const opening = log.writer().then((writer) => {
    isThere = true;
    return writer;
  });
  await sleep(SOME_TIME_MS);
  expect(isThere).toBe(false);
  await transaction.commit();
  await (await opening).close();
  expect(await log.ledger()).toEqual([entry]);
});

/** Lets brokers take a transaction's records without asking whether its coordinator knows of it. */
async function setVerification(isOn: boolean): Promise<void> {
  const admin = new Admin({ clientId: 'verification', bootstrapBrokers: BROKERS });
  const { DELETE, SET } = IncrementalAlterConfigOperationTypes;
  const name = 'transaction.partition.verification.enable';
  const configs = [isOn ? { name, configOperation: DELETE } : { name, configOperation: SET, value: 'false' }];
  await admin.incrementalAlterConfigs({
    resources: [{ resourceType: ConfigResourceTypes.BROKER, resourceName: BROKER_ID, configs }],
  });
  await admin.close();
}

/**
 * Writes records as the writer of this topic does, but as a coordinator that forgets the transaction would
 * leave them.
 */
async function forgotten(records: Record<string, string[]>): Promise<void> {
  const pool = new ConnectionPool('forgotten', {});
  const connection = await pool.get(parseBroker(BROKERS[0] ?? ''));
  const transactionalId = `eventlake-ingest-${topic}`;
  const { producerId, producerEpoch } = await initProducerIdV4.api.async(connection, transactionalId, 60_000);
  const messages = Object.entries(records).flatMap(([name, values]) =>
    values.map((value) => ({ topic: name, partition: 0, key: Buffer.from('k'), value: Buffer.from(value) })),
  );
  await produceV9.api.async(connection, -1, 30_000, messages, {
    transactionalId,
    producerId,
    producerEpoch,
    firstSequence: 0,
  });
  await pool.close();
}

describe('a transaction that its coordinator has forgotten', () => {
  beforeAll(() => setVerification(false));
  afterAll(() => setVerification(true));

  const first = { ...chunkOf([]).progress, rows: 2, events: 2, deadLetters: 0 };
  const second = { ...first, rows: 5, events: 4, deadLetters: 1 };

  test('is aborted by the next writer, and nothing of it becomes visible later', async () => {
    const writer = await log.writer();
    await writer.append(chunkOf([record(0, 'a'), record(0, 'b')], [], first));
    await writer.close();
    await forgotten({
      [topic]: ['c', 'd'],
      [`${topic}.dead-letters`]: ['x'],
      [`${topic}.ingestions`]: [JSON.stringify(second)],
    });
    const next = await log.writer();
    expect(await log.ledger()).toEqual([first]);
    await next.append(chunkOf([record(0, 'c'), record(0, 'd')], [record(0, 'x')], second));
    await next.close();
    expect(await log.ledger()).toEqual([second]);
    const read = await drain(log);
    expect(valuesOf(read, 'events/0').map(String)).toEqual(['a', 'b', 'c', 'd']);
    expect(valuesOf(read, 'dead-letters/0').map(String)).toEqual(['x']);
  });

  test('is left, and said, when a part of it may be committed', async () => {
    // Of the two events that the entry counts, one is open.
    await forgotten({ [topic]: ['a'], [`${topic}.ingestions`]: [JSON.stringify(first)] });
    await expect(log.writer()).rejects.toMatchObject({ code: 'log:stalled' });
    expect(await log.ledger()).toEqual([]);
  });
});
