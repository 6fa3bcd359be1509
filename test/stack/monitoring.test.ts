import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { startHttpProxy } from '../faults/http-proxy.ts';
import { byLabel, Endpoint } from '../monitoring/exposition.ts';
import { askOracle } from '../oracle/compare.ts';
import { freePort } from '../servers/free-port.ts';
import { startKafka } from '../servers/kafka.ts';
import { type Server, stopServer } from '../servers/server.ts';
import { type Environment, json, realServers, start } from './end-to-end-environment.ts';

jest.setTimeout(300_000);

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function fresh(): Promise<Environment> {
  const environment = await realServers();
  undo.push(() => environment.remove());
  return environment;
}

/** A job that serves metrics; it is ended with the test. */
async function watched(
  environment: Environment,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<{ job: ChildProcess; endpoint: Endpoint }> {
  const port = await freePort();
  const job = start(environment, args, { METRICS_PORT: String(port), ...more });
  job.stderr?.resume();
  undo.push(async () => job.exitCode ?? job.kill('SIGKILL'));
  return { job, endpoint: new Endpoint(port) };
}

describe('metrics on real servers', () => {
  test('are what the rules say of a dirty file, and readiness goes with the index', async () => {
    const environment = await fresh();
    const proxy = await startHttpProxy(environment.index?.url ?? '');
    undo.push(() => proxy.close());
    const file = join(environment.folder, 'dirty.csv');
    await json(environment, ['generate', '--rows', '6000', '--seed', '5', '--dirty', '0.1', '--out', file]);
    const proxied = { ELASTICSEARCH_URL: proxy.url, BATCH_SECONDS: '2' };
    const { job, endpoint } = await watched(environment, ['process', '--follow'], proxied);
    await endpoint.untilStatus('/readyz', 200);

    const ingest = await json<{ rows: number }>(environment, ['ingest', '--file', file]);
    const { lake, index } = environment;
    const published = await endpoint.until(
      (all) =>
        all.get('eventlake_committed_records_total') === ingest.rows &&
        (all.get('eventlake_published_documents_total{operation="stored"}') ?? 0) > 0 &&
        // The stores are asked before the counters are: an answer that was begun before the last publish
        // lacks its table.
        all.has('eventlake_table_rows{table="electronics/customer_profiles"}') &&
        [...all].every(([series, value]) => !series.startsWith('eventlake_lag_offsets') || value === 0),
    );
    const ingestions = [{ file, name: 'dirty.csv' }];
    const { expected, differences } = await askOracle({ ingestions, partitions: 4, lake, index });
    expect(differences).toEqual([]);
    expect(published.get('eventlake_archived_events_total')).toBe(expected.events);
    expect(byLabel(published, 'eventlake_rejected_records_total', 'reason')).toEqual(expected.rejected);
    expect(byLabel(published, 'eventlake_read_records_total', 'stream')).toEqual({
      events: expected.logEvents,
      'dead-letters': expected.deadLetters,
    });
    expect(published.get('eventlake_published_documents_total{operation="stored"}')).toBe(expected.users);
    expect(published.get('eventlake_table_rows{table="electronics/customer_profiles"}')).toBe(expected.users);
    expect(published.get('eventlake_publish_duration_seconds_count')).toBe(1);

    const readOnly = { status: 403, body: '{"error":{"reason":"read-only"}}' };
    proxy.inject(readOnly, { when: ({ method }) => method === 'POST' });
    await json(environment, ['ingest', '--file', file, '--again']);
    expect(await endpoint.untilStatus('/readyz', 503)).toMatch(/^publish: .*403/);
    const failing = await endpoint.until(
      (all) => all.get('eventlake_committed_records_total') === 2 * ingest.rows,
    );
    expect(byLabel(failing, 'eventlake_failing', 'hop')).toEqual({ archive: 0, model: 0, publish: 1 });
    expect((await endpoint.get('/healthz')).status).toBe(200);

    proxy.heal();
    await endpoint.untilStatus('/readyz', 200);
    job.kill('SIGTERM');
    expect(await once(job, 'close')).toEqual([0, null]);
  });

  test('of ingest count the rows and the bytes of the file', async () => {
    const environment = await fresh();
    const file = join(environment.folder, 'dirty.csv');
    const args = ['generate', '--rows', '20000', '--seed', '5', '--dirty', '0.1', '--out', file];
    const { bytes } = await json<{ bytes: number }>(environment, args);
    // Many small transactions, so that it can be asked while it works.
    const { job, endpoint } = await watched(environment, ['ingest', '--file', file, '--batch-size', '100']);
    const ended = once(job, 'close');
    const some = await endpoint.until((all) => (all.get('eventlake_ingest_dead_letters_total') ?? 0) > 0);
    const rows = some.get('eventlake_ingest_rows_total') ?? 0;
    expect(rows % 100).toBe(0);
    expect(some.get('eventlake_ingest_commit_duration_seconds_count')).toBe(rows / 100);
    const share = (some.get('eventlake_ingest_bytes_total') ?? 0) / bytes;
    expect(Math.abs(share - rows / 20_000)).toBeLessThan(0.1);
    expect((await endpoint.get('/readyz')).status).toBe(200);
    expect(await ended).toEqual([0, null]);
  });

  test('say that the broker is gone, and the follower waits for it', async () => {
    const environment = await fresh();
    const folder = await mkdtemp(join(tmpdir(), 'broker-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const broker: Server = await startKafka(folder);
    undo.push(() => stopServer(broker, 5));
    const own = { KAFKA_BROKERS: `127.0.0.1:${broker.port}` };
    await json({ ...environment, variables: { ...environment.variables, ...own } }, ['setup']);
    const { job, endpoint } = await watched(environment, ['process', '--follow'], own);
    await endpoint.untilStatus('/readyz', 200);
    await stopServer(broker, 5);
    expect(await endpoint.untilStatus('/readyz', 503)).toMatch(/log: /);
    const metrics = await endpoint.until(
      (all) => (all.get('eventlake_retries_total{hop="archive"}') ?? 0) > 0,
    );
    expect(byLabel(metrics, 'eventlake_store_reachable', 'store')).toEqual({ log: 0, lake: 1 });
    expect(metrics.get('eventlake_failing{hop="archive"}')).toBe(1);
    expect(await endpoint.get('/healthz')).toMatchObject({ status: 200 });
    job.kill('SIGTERM');
    const [code] = await once(job, 'close');
    expect(code).not.toBe(null);
  });
});
