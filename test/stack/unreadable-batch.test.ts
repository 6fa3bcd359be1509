import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Producer } from '@platformatic/kafka';
import { Kafka } from 'kafkajs';
import type { AuditReport } from '../../inspection/audit.ts';
import { readLake } from '../oracle/read-lake.ts';
import { type Environment, embedded, eventlake, json } from './end-to-end-environment.ts';

jest.setTimeout(120_000);

const BROKERS = process.env.EVENTLAKE_TEST_KAFKA ?? '';
const TOPIC = `unreadable-${randomUUID()}`;
const ROWS = 400;
const BATCH_BYTES = 140 * 1024 * 1024;

/** Kafka, and a lake in a folder. */
let environment: Environment;
beforeAll(async () => {
  const local = await embedded();
  environment = { ...local, variables: { ...local.variables, KAFKA_BROKERS: BROKERS, KAFKA_TOPIC: TOPIC } };
  for (const [seed, file] of ['a.csv', 'b.csv'].entries())
    await json(environment, ['generate', '--rows', `${ROWS}`, '--seed', `${seed + 1}`, '--out', file]);
});
afterAll(async () => {
  await eventlake(environment, ['reset', '--yes']);
  await environment.remove();
});

/**
 * Two records of zeros in a batch of a few kB, which a broker takes; answers with the offset of the first.
 */
async function producePoison(topic: string, partition: number): Promise<bigint> {
  const admin = new Kafka({ brokers: BROKERS.split(','), logLevel: 0 }).admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'poison',
    bootstrapBrokers: BROKERS.split(','),
  });
  const value = Buffer.alloc(BATCH_BYTES / 2);
  const message = { topic, partition, key: Buffer.from('k'), value };
  await producer.send({ messages: [message, message], compression: 'zstd' });
  await producer.close();
  return BigInt(ends.find((one) => one.partition === partition)?.high ?? -1);
}

/** The rows of `rejected`, as delta-rs reads them. */
function rejectedRows(): Promise<unknown> {
  const program = `
columns = ['reason', 'detail', 'payload', 'log_partition', 'log_offset']
print(json.dumps(DeltaTable(request).to_pyarrow_table(columns=columns).to_pylist()))`;
  return readLake(program, join(environment.lake.uri, 'rejected'));
}

test('a batch that unpacks to too much stops processing, until an operator skips it; then the audit balances', async () => {
  await json(environment, ['ingest', '--file', 'a.csv']);
  const first = await producePoison(TOPIC, 1);
  await json(environment, ['ingest', '--file', 'b.csv']);
  const batch = `events/1@${first}`;

  const failed = await eventlake(environment, ['process']);
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('[log:corrupt]') });
  expect(failed.stderr).toContain(`Topic ${TOPIC}, partition 1: `);
  expect(failed.stderr).toContain(`offsets ${first} to ${first + 1n}`);
  expect(failed.stderr).toContain(`eventlake process --skip ${batch}`);
  const elsewhere = await eventlake(environment, ['process', '--skip', `events/1@${first + 1n}`]);
  expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('[log:corrupt]') });
  expect(await eventlake(environment, ['audit'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`eventlake process --skip ${batch}`),
  });

  const skips = ['--skip', batch, '--skip', 'events/1@0', '--skip', 'events/77@5'];
  const done = await eventlake(environment, ['process', ...skips]);
  expect(done).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(`skipped the unreadable batch ${batch}: 2 `),
  });
  for (const other of ['events/1@0', 'events/77@5'])
    expect(done.stderr).toContain(`--skip ${other} has skipped nothing`);

  expect(await rejectedRows()).toEqual([
    {
      reason: 'batch:unreadable',
      detail: expect.stringMatching(
        `^2 record\\(s\\) at offsets ${first} to ${first + 1n}: Topic ${TOPIC}, partition 1`,
      ),
      payload: null,
      log_partition: 1,
      log_offset: Number(first),
    },
  ]);
  const report = await json<AuditReport>(environment, ['audit']);
  expect(report).toMatchObject({
    balanced: true,
    file: { rows: 2 * ROWS },
    log: { events: 2 * ROWS + 1, deadLetters: 0 },
    lake: { events: 2 * ROWS, rejected: { 'batch:unreadable': 1 } },
    notes: [expect.stringContaining(`${batch} could not be read and was skipped`)],
  });
  expect(await eventlake(environment, ['process'])).toMatchObject({ code: 0 });
});

test.each(['events/1', 'events/-1@x'])('--skip %s is wrong usage', async (name) => {
  expect(await eventlake(environment, ['process', '--skip', name])).toMatchObject({ code: 2 });
});
