import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { PipelineAnswer } from '../../dashboard/api.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import type { StatusReport } from '../../inspection/status.ts';
import { byLabel, Endpoint } from '../monitoring/exposition.ts';
import { askOracle } from '../oracle/compare.ts';
import { freePort } from '../servers/free-port.ts';
import { locate, SPARK } from '../servers/test-servers.ts';
import { waitFor } from '../wait-for.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  outcomeOf,
  realServers,
  start,
} from './end-to-end-environment.ts';
import { serve } from './page-environment.ts';

jest.setTimeout(900_000);

const FILE = 'dirty.csv';
const ROWS = 3_000;
const PARTITIONS = 4;
const KILLS = 3;
/** Longer than a process takes that does not need to start anything. */
const LATEST_KILL_MS = 15_000;

let environment: Environment;
beforeAll(async () => {
  const own = await realServers();
  const spark = { SPARK_REMOTE: (await locate(SPARK)).address, SPARK_BATCH_ROWS: '1500' };
  environment = { ...own, variables: { ...own.variables, ...spark } };
  const args = ['--rows', `${ROWS}`, '--seed', '12', '--dirty', '0.05', '--out', FILE];
  await json(environment, ['generate', ...args]);
  await json(environment, ['ingest', '--file', FILE]);
});
afterAll(() => environment?.remove());

test('killed at random moments, and with a worker of the other engine beside it, Spark leaves exact tables', async () => {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = start(environment, ['process', '--engine', 'spark']);
    const ended = outcomeOf(child);
    await Promise.race([ended, sleep(Math.random() * LATEST_KILL_MS)]);
    child.kill('SIGKILL');
    await ended;
  }
  const [bySpark, byDuckDb] = await Promise.all([
    eventlake(environment, ['process', '--json'], { ENGINE: 'spark' }),
    eventlake(environment, ['process', '--json']),
  ]);
  expect(bySpark).toMatchObject({ code: 0, stderr: expect.stringContaining('engine: spark') });
  expect(byDuckDb).toMatchObject({ code: 0 });
  const audit = await json<AuditReport>(environment, ['audit']);
  expect(audit.balanced).toBe(true);
  const { lake, index } = environment;
  const ingestions = [{ file: `${environment.folder}/${FILE}`, name: FILE }];
  const report = await askOracle({ ingestions, partitions: PARTITIONS, lake, index });
  expect(report.differences).toEqual([]);
  expect(report.expected.events + Object.values(report.expected.rejected).reduce((a, b) => a + b, 0)).toBe(
    ROWS,
  );
});

test('what Spark computes is committed by it: all of it again, into an empty lake', async () => {
  await json(environment, ['reset', '--yes']);
  await json(environment, ['ingest', '--file', FILE]);
  const { stderr } = await eventlake(environment, ['process', '--engine', 'spark']);
  expect(stderr).toMatch(/committed as version \d+/);
  const { lake, index } = environment;
  const ingestions = [{ file: `${environment.folder}/${FILE}`, name: FILE }];
  const report = await askOracle({ ingestions, partitions: PARTITIONS, lake, index });
  expect(report.differences).toEqual([]);
});

test('SIGTERM ends what runs, and --follow resumes there', async () => {
  await json(environment, ['reset', '--yes']);
  await json(environment, ['ingest', '--file', FILE]);
  const first = start(environment, ['process', '--engine', 'spark']);
  const ended = outcomeOf(first);
  await sleep(3_000);
  first.kill('SIGTERM');
  expect((await ended).stderr).not.toContain('fault of eventlake');
  const { tables } = await json<StatusReport>(environment, ['status']);
  const missing = 2 * ROWS - tables.reduce((sum, { table, rows }) => sum + (isArchive(table) ? rows : 0), 0);
  const port = await freePort();
  const follower = start(environment, ['process', '--engine', 'spark', '--follow'], {
    ...{ BATCH_SECONDS: '1', METRICS_PORT: String(port) },
  });
  const followed = outcomeOf(follower);
  const died = followed.then(({ stderr }) => Promise.reject(new Error(stderr)));
  died.catch(() => {});
  await json(environment, ['ingest', '--file', FILE, '--again']);
  const isDone = (all: ReadonlyMap<string, number>) =>
    all.get('eventlake_committed_records_total') === missing &&
    (all.get('eventlake_publish_duration_seconds_count') ?? 0) > 0;
  const all = await Promise.race([new Endpoint(port).until(isDone), died]);
  const sum = (name: string, label: string) =>
    Object.values(byLabel(all, name, label)).reduce((a, b) => a + b, 0);
  expect(sum('eventlake_read_records_total', 'stream')).toBe(missing);
  expect(byLabel(all, 'eventlake_read_records_total', 'stream')['dead-letters']).toBeGreaterThan(0);
  const archived = all.get('eventlake_archived_events_total') ?? 0;
  expect(archived + sum('eventlake_rejected_records_total', 'reason')).toBe(missing);
  expect(sum('eventlake_lag_offsets', 'partition')).toBe(0);
  for (const stage of ['commit', 'model', 'publish'])
    expect(all.get(`eventlake_${stage}_duration_seconds_sum`)).toBeGreaterThan(0);
  await namedOnThePage();
  const balanced = waitFor(async () => (await eventlake(environment, ['audit'])).code === 0);
  await Promise.race([balanced, died]);
  follower.kill('SIGTERM');
  expect(await followed).toMatchObject({ code: 0 });
});

function isArchive(table: string): boolean {
  return table === 'electronics/events' || table === 'electronics/rejected';
}

/** What the page receives names the engine of each stage. */
async function namedOnThePage() {
  const { address, stop } = await serve(environment, '0');
  const answer = await fetch(`${address}/api/pipeline`);
  const { hops } = (await answer.json()) as PipelineAnswer;
  await stop();
  expect(hops.map(({ name, engine }) => [name, engine])).toEqual([
    ['ingest', null],
    ['archive', 'Spark'],
    ['model', 'Spark'],
    ['publish', null],
  ]);
}

test('without what it needs the engine says so at once', async () => {
  const local = await embedded();
  const missing = await eventlake(local, ['process', '--engine', 'spark']);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('settings:engine') });
  expect(missing.stderr).toContain('SPARK_REMOTE and KAFKA_BROKERS and MINIO_ENDPOINT');
  await local.remove();
  const skipping = await eventlake(environment, ['process', '--engine', 'spark', '--skip', 'events/0@5']);
  expect(skipping).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot step over') });
});

test('a Spark that does not answer is one error, with its address', async () => {
  const away = await eventlake(environment, ['process', '--engine', 'spark'], {
    SPARK_REMOTE: 'sc://127.0.0.1:9/;token=hidden-token',
  });
  expect(away).toMatchObject({ code: 1, stderr: expect.stringContaining('127.0.0.1:9') });
  expect(away.stderr).toContain('[spark:unreachable]');
  expect(away.stderr).not.toContain('hidden-token');
});
