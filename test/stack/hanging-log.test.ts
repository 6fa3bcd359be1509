import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { AuditReport } from '../../inspection/audit.ts';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { readLake } from '../oracle/read-lake.ts';
import { freePort } from '../servers/free-port.ts';
import { startKafka } from '../servers/kafka.ts';
import { type Server, stopServer } from '../servers/server.ts';
import { waitFor } from '../wait-for.ts';
import { type Environment, embedded, json, outcomeOf, start } from './end-to-end-environment.ts';
import { ingestedFile } from './ingested-file.ts';

jest.setTimeout(300_000);

let folder: string;
let proxy: TcpProxy;
let kafka: Server;
let environment: Environment;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slow-log-'));
  proxy = await startTcpProxy(await freePort());
  kafka = await startKafka(folder, proxy.port);
  proxy.target = kafka.port;
  const local = await embedded();
  environment = {
    ...local,
    variables: { ...local.variables, KAFKA_BROKERS: `127.0.0.1:${proxy.port}` },
  };
});
afterAll(async () => {
  await proxy.close();
  await stopServer(kafka, 5);
  await environment.remove();
  await rm(folder, { recursive: true });
});

test('a broker that hangs is waited for, and one that breaks connections is tried again: each acknowledged reading is there once', async () => {
  const args = ['generate', 'co2_live', '--follow', '--rate', '100', '--json'];
  const child = start(environment, args, { LOG_FORMAT: 'json' });
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const ended = outcomeOf(child);
  const count = (event: string) => said.split(`"event":"${event}"`).length - 1;
  const commits = async (more: number) => {
    const before = count('commit');
    await waitFor(() => count('commit') >= before + more);
  };
  await commits(2);
  const hang = proxy.inject({ kind: 'hang' });
  // Longer than what may be overdue.
  await sleep(12_000);
  hang.heal();
  expect(hang.fired).toBeGreaterThan(0);
  await commits(2);
  expect(count('left_out')).toBe(1);
  proxy.inject({ kind: 'reset' }, 3);
  await waitFor(() => count('retry') > 0);
  await commits(2);
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  const { total } = JSON.parse(stdout) as { total: number };

  await json(environment, ['process', 'co2_live']);
  const audit = await json<AuditReport>(environment, ['audit', 'co2_live']);
  expect(audit).toMatchObject({ balanced: true, file: { rows: total }, lake: { events: total } });
  const ids = await readLake(
    `table = DeltaTable(request['uri'] + '/events').to_pyarrow_table()
print(json.dumps(sorted(table['reading_id'].to_pylist())))`,
    { uri: environment.lake.uri.replace('electronics', 'co2_live') },
  );
  expect(ids).toEqual(Array.from({ length: total }, (_, i) => i + 1));
});

describe('SIGTERM ends a job whose broker hangs', () => {
  let file: string;
  beforeAll(async () => {
    file = await ingestedFile(environment);
    await json(environment, ['process']);
  });

  const lag = async () => (await json<{ lag: number }>(environment, ['status'])).lag;

  /** Lets a job work until the broker hangs in the midst of it, and gives what it says after the signal. */
  async function stopped(args: readonly string[], begun: () => Promise<void>) {
    const child = start(environment, args, { BATCH_SECONDS: '1' });
    const outcome = outcomeOf(child);
    await begun();
    const hang = proxy.inject({ kind: 'hang' });
    await waitFor(() => hang.fired > 0);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await outcome;
    hang.heal();
    // What ends a process by force says this.
    expect(stderr).not.toContain('in the middle of a batch');
    return { code, said: stdout + stderr };
  }

  test('a follower that waits for events: at once, and nothing is missing', async () => {
    const { code, said } = await stopped(['process', '--follow'], async () => {
      await json(environment, ['ingest', '--file', file, '--again']);
      await waitFor(async () => (await lag()) === 0);
    });
    expect({ code, said }).toMatchObject({ code: 0 });
  });

  test('an ingest in its transaction: soon, and the next one continues', async () => {
    const large = join(environment.folder, 'large.csv');
    await json(environment, ['generate', '--rows', '20000', '--seed', '3', '--out', large]);
    const args = ['ingest', '--file', large, '--batch-size', '20'];
    const { code, said } = await stopped(args, async () => {
      await waitFor(async () => (await lag()) > 0);
    });
    expect(code).toBe(1);
    expect(said).toContain('after the signal to stop. [log:unreachable]');
  });

  test('all is in the lake once', async () => {
    await json(environment, ['ingest', '--file', join(environment.folder, 'large.csv')]);
    await json(environment, ['process']);
    expect(await json(environment, ['audit'])).toMatchObject({
      balanced: true,
      file: { rows: 20_000 + 2 * 7 },
    });
  });
});
