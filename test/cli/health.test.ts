import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tryCommand } from '../servers/command.ts';
import { freePort } from '../servers/free-port.ts';
import { Home } from './fixtures.ts';

const SCRIPT = join(import.meta.dirname, '../../check_kafka_health.sh');
const SECRETS = {
  MINIO_ACCESS_KEY: 'hunter2-key',
  MINIO_SECRET_KEY: 'hunter2-secret',
  ELASTICSEARCH_USERNAME: 'somebody',
  ELASTICSEARCH_PASSWORD: 'hunter2-elastic',
  KAFKA_SASL_MECHANISM: 'plain',
  KAFKA_SASL_USERNAME: 'somebody',
  KAFKA_SASL_PASSWORD: 'hunter2-kafka',
};

/** The settings of servers that are all at this port. */
const serversAt = (port: number) => ({
  KAFKA_BROKERS: `127.0.0.1:${port},localhost:${port}`,
  MINIO_ENDPOINT: `http://127.0.0.1:${port}`,
  ELASTICSEARCH_URL: `http://127.0.0.1:${port}`,
  WAREHOUSE_URL: `postgres://somebody:hunter2-postgres@127.0.0.1:${port}/warehouse`,
  ...SECRETS,
});
const SYSTEMS = ['kafka', 'kafka', 'minio', 'elasticsearch', 'postgres'];

interface Report {
  readonly healthy: boolean;
  readonly servers: { system: string; healthy: boolean; error: { code: string } | null }[];
}

let home: Home;
/** Takes connections and bytes, and says nothing. */
let silent: Server;
const open = new Set<Socket>();
beforeAll(async () => {
  home = await Home.create();
  silent = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  silent.close();
  await rm(home.folder, { recursive: true });
});

describe('without servers', () => {
  test('log and lake are folders, which need not be there yet', async () => {
    const { code, stdout, stderr } = await home.run(['health']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^✔ log \/.*\/home\/log +\d+ ms {2}[\d.]+ GB free; .*\n✔ lake .*\n$/);
    expect(await home.run(['health', 'lake'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^✔ lake .*\n$/),
    });
  });

  test('a file in the place of a folder is not well', async () => {
    const EVENTLAKE_HOME = join(home.folder, 'other');
    await mkdir(join(EVENTLAKE_HOME, 'log'), { recursive: true });
    await writeFile(join(EVENTLAKE_HOME, 'lake'), '');
    const { code, stdout } = await home.run(['health', '--json'], { EVENTLAKE_HOME });
    const report: Report = JSON.parse(stdout);
    expect([code, report.healthy]).toEqual([1, false]);
    expect(report.servers.map(({ system, error }) => [system, error?.code])).toEqual([
      ['log', undefined],
      ['lake', 'object:failed'],
    ]);
  });
});

describe('servers', () => {
  test('that are not there are named one by one, with what to do and without secrets', async () => {
    const { code, stdout, stderr } = await home.run(['health'], serversAt(await freePort()));
    expect([code, stderr]).toEqual([1, '']);
    const lines = stdout.split('\n').filter((line) => line.startsWith('✘'));
    expect(lines.map((line) => line.split(' ')[1])).toEqual(SYSTEMS);
    for (const line of lines) expect(line).toMatch(/ECONNREFUSED.* \[\w+:unreachable\]$/);
    expect(stdout.match(/^ {4}→ .*$/gm)).toHaveLength(5);
    expect(stdout).not.toContain('hunter2');
  });

  test('that take connections and say nothing are not waited for', async () => {
    const { port } = silent.address() as AddressInfo;
    const { code, stdout } = await home.run(['health', '--timeout', '1', '--json'], serversAt(port));
    const report: Report = JSON.parse(stdout);
    expect([code, report.healthy]).toEqual([1, false]);
    expect(report.servers.map(({ system, healthy }) => [system, healthy])).toEqual(
      SYSTEMS.map((system) => [system, false]),
    );
    expect(report.servers[0]?.error?.code).toBe('health:timeout');
    expect(stdout).not.toContain('hunter2');
  });
});

test('a system that no setting names cannot be asked', async () => {
  expect(await home.run(['health', 'postgres'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(
      /^error: WAREHOUSE_URL is not set, so there is no postgres to ask \[settings:invalid\]/,
    ),
  });
});

test('check_kafka_health.sh asks the brokers alone, and ends as health does', async () => {
  const env = { EVENTLAKE_HOME: join(home.folder, 'home'), KAFKA_BROKERS: '' };
  expect(await tryCommand(SCRIPT, [], { cwd: home.folder, env })).toMatchObject({ status: 2 });
  const KAFKA_BROKERS = `127.0.0.1:${await freePort()}`;
  const { status, stdout } = await tryCommand(SCRIPT, ['--timeout', '5'], {
    cwd: home.folder,
    env: { ...env, KAFKA_BROKERS },
  });
  expect(status).toBe(1);
  expect(stdout).toMatch(new RegExp(`^✘ kafka ${KAFKA_BROKERS} .*\\n.*\\n$`));
});
