import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionPool, FetchIsolationLevels, fetchV13, parseBroker } from '@platformatic/kafka';
import type { IngestResult } from '../../../ingestion/ingest.ts';
import { setConsumerQuota } from '../../faults/consumer-quota.ts';
import { type Environment, json, realServers } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { Scenario } from '../fault.ts';
import { generate } from './source.ts';

/** By which the pipeline is known to the brokers. */
const CLIENT = 'eventlake';
const BYTES_PER_SECOND = 2_000;

/** For how many milliseconds the broker makes the pipeline's client wait now. */
async function throttleMs({ kafka }: Environment): Promise<number> {
  const pool = new ConnectionPool(CLIENT);
  try {
    const connection = await pool.get(parseBroker(kafka?.brokers[0] ?? ''));
    const { READ_COMMITTED } = FetchIsolationLevels;
    const answer = await fetchV13.api.async(connection, 0, 0, 1000, READ_COMMITTED, 0, -1, [], [], '');
    return answer.throttleTimeMs;
  } finally {
    await pool.close();
  }
}

export const CONSUMER_QUOTA: Scenario = {
  name: 'kafka-quota',
  how: 'a quota of the consumer of 2 kB/s while files are ingested, ingested again and processed',
  outcome: 'the file is known again; exact',
  async play({ random }) {
    const environment = await realServers();
    const brokers = environment.kafka?.brokers ?? [];
    let throttled = 0;
    try {
      const file = await generate(environment, 'a.csv', random);
      await json(environment, ['ingest', '--file', file.name, '--batch-size', `${20 + random.below(40)}`]);
      await setConsumerQuota(brokers, CLIENT, BYTES_PER_SECOND);
      const processing = json(environment, ['process']);
      // Until the quota is used up by what the job has read.
      while (throttled === 0) {
        await sleep(100);
        throttled = await throttleMs(environment);
      }
      const again = await json<IngestResult>(environment, ['ingest', '--file', file.name]);
      if (again.outcome !== 'nothing_new') throw new Error(`ingested again: ${JSON.stringify(again)}`);
      await processing;
      await setConsumerQuota(brokers, CLIENT, null);
      await checkExact(environment, [file]);
      return throttled > 0 ? 1 : 0;
    } finally {
      await setConsumerQuota(brokers, CLIENT, null);
      await environment.remove();
    }
  },
};
