/**
 * `kafkajs-loop.ts <csv> [<rows of a transaction>]`: what one writes to bring a CSV file into Kafka without
 * this project. Servers and topic come from the environment.
 */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { Kafka, type KafkaConfig, logLevel, type Message, type Transaction } from 'kafkajs';
import { readSettings } from '../config/settings.ts';

const BATCH_ROWS = 5_000;
const ACKS_OF_ALL = -1;

const [file = '', perTransaction] = process.argv.slice(2);
const { kafka, topic, partitions } = readSettings(process.env);
if (!kafka || !topic) throw new Error('KAFKA_BROKERS and KAFKA_TOPIC say where to send the events');

const { brokers, ssl, sasl } = kafka;
const config = { brokers, ssl, logLevel: logLevel.ERROR, ...(sasl ? { sasl } : {}) };
const client = new Kafka(config as KafkaConfig);
const admin = client.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
await admin.disconnect();

const producer = client.producer(
  perTransaction ? { transactionalId: topic, idempotent: true, maxInFlightRequests: 1 } : {},
);
await producer.connect();
let transaction: Transaction | null = null;
let inTransaction = 0;
let events = 0;
let messages: Message[] = [];

const send = async (): Promise<void> => {
  if (perTransaction) transaction ??= await producer.transaction();
  await (transaction ?? producer).send({ topic, messages, acks: ACKS_OF_ALL });
  events += messages.length;
  inTransaction += messages.length;
  messages = [];
  if (inTransaction >= Number(perTransaction)) await commit();
};

async function commit(): Promise<void> {
  await transaction?.commit();
  transaction = null;
  inTransaction = 0;
}

for await (const row of createReadStream(file).pipe(parse({ columns: true }))) {
  messages.push({ key: row.user_id, value: JSON.stringify(row) });
  if (messages.length === BATCH_ROWS) await send();
}
if (messages.length > 0) await send();
await commit();
await producer.disconnect();
console.log(JSON.stringify({ events }));
