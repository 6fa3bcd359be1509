import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { KafkaEventLog } from '../../adapters/kafka/event-log.ts';
import { chunkOf } from '../conformance/event-log-records.ts';

const BROKERS = (process.env.EVENTLAKE_TEST_KAFKA ?? '').split(',');
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
