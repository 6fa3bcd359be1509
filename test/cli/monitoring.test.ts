import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { byLabel, Endpoint } from '../monitoring/exposition.ts';
import { freePort } from '../servers/free-port.ts';
import { FILE, Home } from './fixtures.ts';

let home: Home;
const children: ReturnType<Home['start']>[] = [];
beforeEach(async () => {
  home = await Home.create();
  await home.put('file.csv', FILE);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts a job that serves metrics, and runs until it is told to stop. */
async function follow(environment: Record<string, string> = {}) {
  const port = await freePort();
  const child = home.start(['process', '--follow'], { METRICS_PORT: String(port), ...environment });
  children.push(child);
  const log = text(child.stderr);
  return { child, port, log, endpoint: new Endpoint(port) };
}

describe('a follower with METRICS_PORT', () => {
  test('serves what it has done, and says that it is alive and ready', async () => {
    const { child, endpoint } = await follow({ BATCH_SECONDS: '1' });
    expect(await endpoint.untilStatus('/readyz', 200)).toBe('ok\n');
    expect(await home.run(['ingest', '--file', 'file.csv'])).toMatchObject({ code: 0 });
    const metrics = await endpoint.until((all) => all.get('eventlake_committed_records_total') === 7);
    // As the file of the fixtures says of itself.
    expect(metrics.get('eventlake_archived_events_total')).toBe(5);
    expect(byLabel(metrics, 'eventlake_rejected_records_total', 'reason')).toEqual({
      'price:not_a_number': 1,
      'line:wrong_field_count': 1,
    });
    expect(byLabel(metrics, 'eventlake_read_records_total', 'stream')).toEqual({
      events: 6,
      'dead-letters': 1,
    });
    const done = await endpoint.until(
      (all) => all.get('eventlake_table_rows{table="electronics/customer_profiles"}') === 3,
    );
    expect(byLabel(done, 'eventlake_table_rows', 'table')).toEqual({
      'electronics/events': 5,
      'electronics/rejected': 2,
      'electronics/customer_profiles': 3,
    });
    expect(byLabel(done, 'eventlake_store_reachable', 'store')).toEqual({ log: 1, lake: 1 });
    expect(done.get('eventlake_commit_duration_seconds_count')).toBe(done.get('eventlake_commits_total'));
    const lag = [...done].filter(([series]) => series.startsWith('eventlake_lag_offsets'));
    expect(lag.map(([, value]) => value)).toEqual([0, 0, 0, 0, 0]);
    const success = byLabel(done, 'eventlake_last_success_timestamp_seconds', 'hop');
    expect(Math.abs((success.archive ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    expect(done.get('eventlake_disk_free_bytes')).toBeGreaterThan(0);
    expect(await endpoint.get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect(await endpoint.get('/')).toMatchObject({ status: 404 });
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  }, 60_000);

  test('that cannot publish keeps archiving, is not ready, and tries again', async () => {
    // Answers nothing that Elasticsearch would.
    const stranger = createServer((_, answer) => answer.writeHead(403).end('{}'));
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const { child, endpoint, log } = await follow({
      BATCH_SECONDS: '1',
      ELASTICSEARCH_URL: `http://127.0.0.1:${port}`,
      ELASTICSEARCH_USERNAME: 'somebody',
      ELASTICSEARCH_PASSWORD: 'pa55-elastic',
      LOG_FORMAT: 'json',
    });
    await home.run(['ingest', '--file', 'file.csv']);
    const metrics = await endpoint.until(
      (all) => (all.get('eventlake_retries_total{hop="publish"}') ?? 0) > 1,
    );
    expect(metrics.get('eventlake_committed_records_total')).toBe(7);
    expect(byLabel(metrics, 'eventlake_failing', 'hop')).toEqual({ archive: 0, model: 0, publish: 1 });
    expect(await endpoint.get('/readyz')).toMatchObject({
      status: 503,
      text: expect.stringMatching(/^publish: Elasticsearch at .* answered 403/),
    });
    expect((await endpoint.get('/healthz')).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    stranger.close();
    const lines = (await log).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.find(({ event }) => event === 'retry')).toMatchObject({
      level: 'warn',
      hop: 'publish',
      code: 'index:forbidden',
      hint: expect.any(String),
      msg: expect.stringContaining('answered 403'),
    });
    const named = events.map(({ event }) => event);
    expect(named.slice(0, 2)).toEqual(['stores', 'follow_started']);
    expect(named).toContain('commit');
    expect(named).toContain('model');
    expect(named.at(-1)).toBe('stopped');
    expect(lines.join()).not.toContain('pa55');
  }, 60_000);

  test('says when somebody else has the port', async () => {
    const { child, port, endpoint } = await follow();
    await endpoint.untilStatus('/healthz', 200);
    const second = await home.run(['process'], { METRICS_PORT: String(port) });
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(
      /^error: METRICS_PORT and METRICS_HOST: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\[settings:bad_metrics_address\]\n {2}→ /m,
    );
    child.kill();
  }, 60_000);
});

describe('with LOG_FORMAT=json', () => {
  const json = async (args: readonly string[], environment: Record<string, string> = {}) => {
    const { code, stderr } = await home.run(args, { LOG_FORMAT: 'json', ...environment });
    const lines = stderr.split('\n').filter((line) => line !== '');
    return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };

  test('every line of a job is an object with its event', async () => {
    const { code, lines } = await json(['run', '--file', 'file.csv']);
    expect(code).toBe(0);
    expect(lines).toEqual(
      ['stores', 'ingest_started', 'ingest_finished', 'commit', 'model', 'model'].map((event) =>
        expect.objectContaining({ event, level: 'info', msg: expect.any(String) }),
      ),
    );
    expect(lines[2]).toMatchObject({ outcome: 'ingested', rows: 7, events: 6, deadLetters: 1 });
    expect(lines[3]).toMatchObject({
      events: 5,
      rejected: 2,
      reasons: { 'line:wrong_field_count': 1, 'price:not_a_number': 1 },
      version: '0',
    });
    expect(lines.slice(4)).toMatchObject([{ table: 'customer_totals' }, { table: 'customer_profiles' }]);
  }, 30_000);

  test('an error is one line, with its code and what to do; also one of the settings', async () => {
    const missing = await json(['ingest', '--file', 'nothing.csv']);
    expect(missing).toMatchObject({
      code: 1,
      lines: [
        { level: 'info', event: 'stores' },
        { level: 'error', event: 'failed', code: 'ingest:no_file', hint: expect.any(String) },
      ],
    });
    const wrong = await json(['status'], { METRICS_PORT: 'none', MINIO_ENDPOINT: 'http://u:pa55@minio' });
    expect(wrong).toMatchObject({ code: 2, lines: [{ event: 'failed', code: 'settings:invalid' }] });
    expect(JSON.stringify(wrong)).not.toContain('pa55');
  }, 30_000);
});
