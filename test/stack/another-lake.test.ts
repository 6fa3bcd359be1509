import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { S3ObjectStore } from '../../adapters/s3/object-store.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import { emptyStore } from '../conformance/object-store.ts';
import { askOracle } from '../oracle/compare.ts';
import { waitFor } from '../wait-for.ts';
import {
  type Environment,
  eventlake,
  json,
  outcomeOf,
  realServers,
  start,
} from './end-to-end-environment.ts';

jest.setTimeout(300_000);

const ROWS = 2000;
/** Nothing listens there. */
const AWAY = { ELASTICSEARCH_URL: 'http://127.0.0.1:1' };

let environment: Environment;

beforeAll(async () => {
  environment = await realServers();
  for (const [seed, file] of ['a.csv', 'b.csv', 'c.csv'].entries())
    await json(environment, ['generate', '--rows', `${ROWS}`, '--seed', `${seed + 1}`, '--out', file]);
});
afterAll(() => environment.remove());

interface RunReport {
  readonly process: { publish: { outcome: string; version: string; stored: number } };
  readonly audit: AuditReport;
}

/** The indices behind the dataset's alias, without going through the program. */
async function indices(): Promise<string[]> {
  const { ELASTICSEARCH_URL = '', ELASTICSEARCH_INDEX = '' } = environment.variables;
  const answer = await fetch(`${ELASTICSEARCH_URL}/${ELASTICSEARCH_INDEX}-*`);
  return Object.keys((await answer.json()) as object);
}

/**
 * The lake and the index hold the profiles of these files, and of no others, by an independent computation.
 */
async function expectExactly(...names: string[]): Promise<void> {
  const ingestions = names.map((name) => ({ file: join(environment.folder, name), name }));
  const { lake, index } = environment;
  const report = await askOracle({ ingestions, partitions: 4, lake, index });
  expect(report.differences).toEqual([]);
}

/** Whether the lake holds all of the log. */
async function isComplete(lake: Environment): Promise<boolean> {
  return (await json<{ lag: number }>(lake, ['status'])).lag === 0;
}

describe('another lake of the same versions', () => {
  test('after a reset during which the index was away: it shows the new lake alone', async () => {
    const first = await json<RunReport>(environment, ['run', '--file', 'a.csv']);
    expect(first.process.publish).toMatchObject({ outcome: 'published', version: '0' });
    const reset = await eventlake(environment, ['reset', '--yes'], AWAY);
    expect(reset).toMatchObject({ code: 1, stderr: expect.stringContaining('index:unreachable') });
    const audit = await eventlake(environment, ['audit']);
    expect(audit.stderr).toMatch(/warning: the reset of .* was interrupted/);
    const elsewhere = await eventlake(environment, ['process'], AWAY);
    expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('[index:unreachable]') });
    const finished = await eventlake(environment, ['process']);
    expect(finished).toMatchObject({ code: 0, stderr: expect.stringMatching(/finishing the reset of/) });
    expect(await indices()).toEqual([]);
    const second = await json<RunReport>(environment, ['run', '--file', 'b.csv']);
    expect(second.process.publish).toMatchObject({ outcome: 'published', version: '0' });
    expect(second.audit.balanced).toBe(true);
    await expectExactly('b.csv');
  });

  test('after the lake was lost and filled again from the log', async () => {
    const { MINIO_ENDPOINT = '', MINIO_BUCKET = '' } = environment.variables;
    const { MINIO_ACCESS_KEY = '', MINIO_SECRET_KEY = '' } = environment.variables;
    const store = new S3ObjectStore({
      endpoint: MINIO_ENDPOINT,
      bucket: MINIO_BUCKET,
      accessKey: MINIO_ACCESS_KEY,
      secretKey: MINIO_SECRET_KEY,
    });
    await emptyStore(store);
    await store.close();
    const report = await json<RunReport>(environment, ['run', '--file', 'c.csv']);
    expect(report.process.publish).toMatchObject({ outcome: 'published', version: '0' });
    expect(report.audit.balanced).toBe(true);
    await expectExactly('b.csv', 'c.csv');
  });

  test('beside it, on one topic at the same time: each holds all of it', async () => {
    const { KAFKA_BROKERS = '', KAFKA_TOPIC = '' } = environment.variables;
    const lakes = ['one', 'two'].map((name) => ({
      ...environment,
      variables: { EVENTLAKE_HOME: join(environment.folder, name), KAFKA_BROKERS, KAFKA_TOPIC },
      lake: { uri: join(environment.folder, name, 'lake', 'electronics') },
      index: null,
    }));
    const followers = lakes.map((lake) => start(lake, ['process', '--follow'], { BATCH_SECONDS: '1' }));
    const ends = followers.map(outcomeOf);
    for (const lake of lakes) await waitFor(() => isComplete(lake));
    for (const follower of followers) follower.kill('SIGTERM');
    for (const end of ends) expect(await end).toMatchObject({ code: 0 });
    for (const lake of lakes) await json(lake, ['process']);
    const audits = [];
    for (const lake of [environment, ...lakes]) audits.push(await json<AuditReport>(lake, ['audit']));
    const [first] = audits;
    expect(first).toMatchObject({ balanced: true, file: { rows: 2 * ROWS } });
    for (const { balanced, log, lake, profiles } of audits)
      expect({ balanced, log, lake, profiles }).toEqual({
        balanced: true,
        log: first?.log,
        lake: first?.lake,
        profiles: first?.profiles,
      });
  });
});
