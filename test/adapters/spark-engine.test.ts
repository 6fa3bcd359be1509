import { tmpdir } from 'node:os';
import { expect, test } from '@jest/globals';
import { SparkEngine } from '../../adapters/spark/engine.ts';
import { OffsetsBatch } from '../../adapters/spark/offsets-batch.ts';
import type { SparkSession } from '../../adapters/spark/session.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import type { LocalEngine } from '../../core/engine.ts';
import { EventlakeError } from '../../core/errors.ts';
import { Slices } from '../../core/slices.ts';
import { datasetOf } from '../processing/fixtures.ts';

/** Sessions of which each statement fails in this way; a real server forgets them in `make torture` only. */
async function engineThatFails(code: 'spark:session_lost' | 'spark:failed') {
  const done: string[] = [];
  let opened = 0;
  async function connect(): Promise<SparkSession> {
    opened += 1;
    const name = `session ${opened}`;
    const statement = async () => {
      done.push(`${name} runs`);
      throw new EventlakeError(code, 'as it was told to');
    };
    return {
      ...{ rows: statement, run: statement, interrupt: async () => {} },
      configure: async (settings) =>
        void done.push(`${name} has ${settings['spark.sql.variable.substitute']}`),
      close: async () => void done.push(`${name} is closed`),
    };
  }
  const engine = await SparkEngine.open({
    ...{ connect, temporary: tmpdir(), store: {} as ObjectStore, local: {} as LocalEngine },
    bucket: { endpoint: 'http://127.0.0.1:9', bucket: 'lake', accessKey: 'a', secretKey: 'b' },
    kafka: { brokers: ['127.0.0.1:9'], ssl: false, topics: { events: 'e', 'dead-letters': 'd' } },
  });
  const archive = async () => {
    const batch = new OffsetsBatch(tmpdir());
    const records = { stream: 'events', partition: 0, from: 0n, next: 1n } as const;
    await batch.add({ ...records, offsets: [], timestamps: [], values: new Slices() }, 0n);
    const from = { events: new Map(), rejected: new Map() };
    await expect(engine.archive({ dataset: datasetOf(), batch, from })).rejects.toMatchObject({ code });
  };
  return { engine, archive, done };
}

test('after a session that the server has forgotten the next job has a new one, set up as the first', async () => {
  const { engine, archive, done } = await engineThatFails('spark:session_lost');
  await archive();
  await archive();
  await engine.close();
  expect(done).toEqual([
    ...['session 1 has true', 'session 1 runs', 'session 1 is closed'],
    ...['session 2 has true', 'session 2 runs', 'session 2 is closed'],
  ]);
});

test('after any other failure the session stays', async () => {
  const { engine, archive, done } = await engineThatFails('spark:failed');
  await archive();
  await archive();
  await engine.close();
  expect(done).toEqual(['session 1 has true', 'session 1 runs', 'session 1 runs', 'session 1 is closed']);
});
