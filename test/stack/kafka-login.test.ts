import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { ProcessResult } from '../../processing/process.ts';
import { Home } from '../cli/fixtures.ts';
import { startTlsKafka, type TlsKafka } from '../servers/kafka-tls.ts';
import { stopServer } from '../servers/server.ts';
import { locate, SPARK } from '../servers/test-servers.ts';
import { json, realServers } from './end-to-end-environment.ts';

jest.setTimeout(180_000);

const LOGINS = [
  { mechanism: 'SCRAM-SHA-256', username: 'reader', password: '100%;#secret' },
  { mechanism: 'SCRAM-SHA-512', username: 'another', password: 'Ü ber"' },
] as const;

let folder: string;
let home: Home;
let kafka: TlsKafka;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-login-'));
  home = await Home.create();
  kafka = await startTlsKafka(folder, LOGINS);
  const args = ['generate', 'electronics', '--rows', '500', '--seed', '1', '--out', 'data.csv'];
  expect(await home.run(args)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  if (kafka) await stopServer(kafka.server, 0);
  for (const one of [home.folder, folder]) await rm(one, { recursive: true });
});

function settings({ mechanism, username, password }: (typeof LOGINS)[number], host = 'localhost') {
  return {
    KAFKA_BROKERS: `${host}:${kafka.server.port}`,
    KAFKA_SSL: 'true',
    KAFKA_SASL_MECHANISM: mechanism.toLowerCase(),
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
    NODE_EXTRA_CA_CERTS: kafka.certificate,
  };
}

test.each(LOGINS)('by TLS, with a login by $mechanism, the whole pipeline runs', async (login) => {
  const topic = { KAFKA_TOPIC: `run-${login.username}`, EVENTLAKE_HOME: join(home.folder, login.username) };
  const run = ['run', 'electronics', '--file', 'data.csv'];
  const { code, stdout, stderr } = await home.run(run, { ...settings(login), ...topic });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('balanced');
  const health = await home.run(['health', 'kafka', '--json'], settings(login, '127.0.0.1'));
  expect({ code: health.code, stderr: health.stderr }).toEqual({ code: 0, stderr: '' });
});

test('Spark reads it by TLS, too, with a login whose password has quotes and letters beyond ASCII', async () => {
  const environment = await realServers();
  try {
    const [, login] = LOGINS;
    const { archive } = await json<ProcessResult>(environment, ['process', '--engine', 'spark'], 0, {
      ...{ ...settings(login), KAFKA_TOPIC: `run-${login.username}`, ELASTICSEARCH_URL: '' },
      SPARK_REMOTE: (await locate(SPARK)).address,
    });
    expect(archive.events + archive.rejected).toBe(500);
    expect(archive.events).toBeGreaterThan(0);
  } finally {
    await environment.remove();
  }
});

test('what is wrong with a login or a certificate is told, and no password', async () => {
  const [login, other] = LOGINS;
  const right = settings(login);
  const { NODE_EXTRA_CA_CERTS, ...unknown } = right;
  const { KAFKA_SSL, ...plain } = right;
  const said = async (environment: Record<string, string>) =>
    (await home.run(['status', 'electronics'], environment)).stderr;
  const wrong = await said({ ...right, KAFKA_SASL_PASSWORD: other.password });
  expect(wrong).toContain('refused the login. [log:unauthorized]');
  expect(wrong).not.toContain(other.password);
  // The account has no password for the other mechanism.
  expect(await said({ ...right, KAFKA_SASL_MECHANISM: 'scram-sha-512' })).toContain('[log:unauthorized]');
  expect(await said(plain)).toMatch(/refused the login.*\n.*KAFKA_SSL/);
  expect(await said(unknown)).toMatch(/self-signed certificate.*log:unreachable/);
});
