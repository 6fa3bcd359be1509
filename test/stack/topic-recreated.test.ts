import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { Kafka } from 'kafkajs';
import { readLake } from '../oracle/read-lake.ts';
import { type Environment, embedded, eventlake, json, outcomeOf, start } from './end-to-end-environment.ts';

jest.setTimeout(180_000);

const BROKERS = process.env.EVENTLAKE_TEST_KAFKA ?? '';
const TOPIC = `suspended-${randomUUID()}`;
/** Of the first topic and of the one that takes its place: it goes beyond where the first one ended. */
const BEFORE = 300;
const AFTER = 900;

const toEnd: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of toEnd.splice(0).reverse()) await end();
});

/** A file of events of one brand, by as many users. */
function views(rows: number, brand: string): string {
  const lines = Array.from(
    { length: rows },
    (_, i) => `2020-10-01 10:00:00 UTC,view,1,2,,${brand},1.00,${1_000_000 + i},session-${i}`,
  );
  return `event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n${lines.join('\n')}\n`;
}

/** Every event's brand and place in the log, as delta-rs reads the lake. */
function eventsOf({ lake }: Environment): Promise<unknown> {
  const program = `
table = DeltaTable(request).to_pyarrow_table(columns=['log_partition', 'log_offset', 'brand'])
print(json.dumps(sorted(table.to_pylist(), key=lambda row: (row['log_partition'], row['log_offset']))))`;
  return readLake(program, `${lake.uri}/events`);
}

test('a follower that was suspended while its topic was recreated takes nothing of the new topic', async () => {
  const lake = await embedded();
  const environment = {
    ...lake,
    variables: { ...lake.variables, KAFKA_BROKERS: BROKERS, KAFKA_TOPIC: TOPIC },
  };
  toEnd.push(async () => {
    await eventlake(environment, ['reset', '--yes']);
    await environment.remove();
  });
  await writeFile(join(environment.folder, 'before.csv'), views(BEFORE, 'before'));
  await writeFile(join(environment.folder, 'after.csv'), views(AFTER, 'after'));
  await json(environment, ['ingest', '--file', 'before.csv']);

  const follower = start(environment, ['process', '--follow'], { BATCH_SECONDS: '1' });
  toEnd.push(() => follower.kill('SIGKILL'));
  const outcome = outcomeOf(follower);
  const archived = new Promise<void>((resolve) => {
    let said = '';
    follower.stderr?.on('data', (text) => {
      said += text;
      if (said.includes('model:')) resolve();
    });
  });
  await archived;
  const before = await eventsOf(environment);
  expect(before).toEqual(Array.from({ length: BEFORE }, () => expect.objectContaining({ brand: 'before' })));

  expect(follower.kill('SIGSTOP')).toBe(true);
  const admin = new Kafka({ brokers: BROKERS.split(','), logLevel: 0 }).admin();
  await admin.connect();
  toEnd.push(() => admin.disconnect());
  await admin.deleteTopics({ topics: [TOPIC, `${TOPIC}.dead-letters`, `${TOPIC}.ingestions`] });
  // Another home: the process that fills the new topic has nothing of the lake.
  const other = { ...environment.variables, EVENTLAKE_HOME: join(environment.folder, 'other') };
  await json({ ...environment, variables: other }, ['ingest', '--file', 'after.csv']);
  expect(follower.kill('SIGCONT')).toBe(true);

  expect(await outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('[log:made_anew]') });
  expect(await eventsOf(environment)).toEqual(before);
});
