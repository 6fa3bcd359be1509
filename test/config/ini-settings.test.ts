import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readEnvironment } from '../../config/environment.ts';
import { readIniSettings } from '../../config/ini-settings.ts';
import { readSettings } from '../../config/settings.ts';

/** As such files are, with a password that a naive reader would cut or interpolate. */
const EXAMPLE = `; servers
[local_spark]
app_name = Views

[docker_postgres]
host_in = db
host_out = localhost
database = ware house
user = me@work
Password = p%40;#"w=1
port_in = 5432
port_out = 5433

[remote_kafka]
kafka.bootstrap.servers: k1:9094, k2:9094,k3:9094
kafka.security.protocol = SASL_PLAINTEXT
kafka.sasl.mechanism = PLAIN
kafka.sasl.jaas.config = org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="a;b#c%d \\"e\\\\";
subscribe = product_view
startingOffsets = latest
`;
const KAFKA = {
  KAFKA_BROKERS: 'k1:9094, k2:9094,k3:9094',
  KAFKA_SSL: 'false',
  KAFKA_SASL_MECHANISM: 'PLAIN',
  KAFKA_SASL_USERNAME: 'me',
  KAFKA_SASL_PASSWORD: 'a;b#c%d "e\\',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ini-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: string): Promise<string> {
  const path = join(folder, 'config.ini');
  await writeFile(path, content);
  return path;
}

test('config/example.ini is what docs/settings.md shows, and names Kafka and PostgreSQL', async () => {
  const root = join(import.meta.dirname, '../..');
  const path = join(root, 'config/example.ini');
  const [, shown] = /```ini\n([^`]*)```/.exec(await readFile(join(root, 'docs/settings.md'), 'utf8')) ?? [];
  expect(shown).toBe((await readFile(path, 'utf8')).replace(/^#.*\n\n/, ''));
  expect(readIniSettings(path, false)).toEqual({
    environment: {
      KAFKA_BROKERS: 'kafka-1:9094,kafka-2:9094,kafka-3:9094',
      KAFKA_SSL: 'false',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'reader',
      KAFKA_SASL_PASSWORD: '100%;#secret',
      WAREHOUSE_URL: 'postgres://eventlake:100%25%3B%23%22secret%22@localhost:5433/warehouse',
    },
    warnings: [],
  });
});

describe('a file as such projects have it', () => {
  test('names Kafka and PostgreSQL, as they are reached from this machine', async () => {
    const path = await file(EXAMPLE);
    const { environment, warnings } = readIniSettings(path, false);
    expect({ environment, warnings }).toEqual({
      environment: {
        ...KAFKA,
        WAREHOUSE_URL: 'postgres://me%40work:p%2540%3B%23%22w%3D1@localhost:5433/ware%20house',
      },
      warnings: [],
    });
    const url = new URL(readSettings(environment).warehouse?.url ?? '');
    expect(decodeURIComponent(url.password)).toBe('p%40;#"w=1');
    expect(readSettings(environment).kafka?.brokers).toEqual(['k1:9094', 'k2:9094', 'k3:9094']);
  });

  test('names them as they are reached in a container', async () => {
    const { environment } = readIniSettings(await file(EXAMPLE), true);
    expect(environment.WAREHOUSE_URL).toMatch(/@db:5432\//);
  });

  test('is below the environment, an env file and the file of a secret', async () => {
    const config = await file(EXAMPLE);
    const envFile = join(folder, 'some.env');
    await writeFile(envFile, 'KAFKA_SASL_USERNAME=from-env-file\n');
    const url = join(folder, 'url');
    await writeFile(url, 'postgres://a:b@c/d\n');
    const given = { KAFKA_BROKERS: 'set:9092', KAFKA_SASL_PASSWORD: '', WAREHOUSE_URL_FILE: url };
    expect(readEnvironment(given, { envFile, config }).environment).toMatchObject({
      KAFKA_BROKERS: 'set:9092',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'from-env-file',
      KAFKA_SASL_PASSWORD: '',
      WAREHOUSE_URL: 'postgres://a:b@c/d',
    });
  });
});

test.each([
  ['[kafka]\nhost = k\nport = 1', { KAFKA_BROKERS: 'k:1', KAFKA_SSL: 'false' }],
  [
    '[docker_kafka]\nservers = k:1\nsecurity.protocol = SSL\nusername = u\npassword = p',
    { KAFKA_BROKERS: 'k:1', KAFKA_SSL: 'true' },
  ],
  [
    '[local_kafka]\nservers = k:1\nusername = u\npassword = p',
    {
      ...{ KAFKA_BROKERS: 'k:1', KAFKA_SSL: 'false', KAFKA_SASL_MECHANISM: 'PLAIN' },
      ...{ KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' },
    },
  ],
  [
    '[kafka]\nservers = k:1\nsecurity.protocol = sasl_ssl\nsasl.mechanism = SCRAM-SHA-256\nsasl.jaas.config = org.x.ScramLoginModule required\n  username="u"\n  password=p ;',
    {
      ...{ KAFKA_BROKERS: 'k:1', KAFKA_SSL: 'true', KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256' },
      ...{ KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' },
    },
  ],
  [
    '[postgresql]\nhost = ::1\ndbname = d\nuser = u\npassword = p\nsslmode = require',
    { WAREHOUSE_URL: 'postgres://u:p@[::1]:5432/d?sslmode=require' },
  ],
])('%j becomes settings', async (content, environment) => {
  expect(readIniSettings(await file(content))).toEqual({ environment, warnings: [] });
  expect(() => readSettings(environment)).not.toThrow();
});

test('what is not known, or not used, is named with its line and the nearest name', async () => {
  const path = await file(
    '[remote_kafka]\nservers = k:1\nkafka.sasl.mechanisn = PLAIN\n[docker_postgre]\nhost = x\n[local_kafka]\nservers = l:1\n[web]\na = b\n',
  );
  expect(readIniSettings(path)).toEqual({
    environment: { KAFKA_BROKERS: 'k:1', KAFKA_SSL: 'false' },
    warnings: [
      `${path}:3: kafka.sasl.mechanisn is no key of [remote_kafka] for eventlake; did you mean sasl.mechanism?`,
      `${path}:4: [docker_postgre] is no section for eventlake; did you mean [docker_postgres]?`,
      `${path}:6: [local_kafka] is not used: [remote_kafka] on line 1 comes first`,
      `${path}:8: [web] is no section for eventlake`,
    ],
  });
});

test.each([
  ['[kafka]\nservers = k:1\nhunter2', ':3: the line is neither a [section] nor key = value'],
  ['servers = k:1', ':1: servers stands before the first [section]'],
  ['[kafka]\n[kafka]', ':2: there is a section [kafka] already, on line 1'],
  ['[kafka]\nservers=k:1\nServers=k:2', ':3: [kafka] has servers already, on line 2'],
  [
    '[kafka]\nservers=k:1\nsecurity.protocol=TLS',
    ':3: security.protocol must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL',
  ],
  [
    '[kafka]\nservers=k:1\nsasl.jaas.config=x required user="hunter2";',
    ':3: sasl.jaas.config must have username="…" and password="…"',
  ],
  ['[kafka]\nport=1', ':1: [kafka] has no host'],
  ['\n[postgres]\nhost=h\nuser=u\npassword=hunter2', ':2: [postgres] has no database'],
])('%j is refused with file and line, and without secrets', async (content, message) => {
  const path = await file(content);
  const read = () => readIniSettings(path);
  expect(read).toThrow(expect.objectContaining({ code: 'settings:invalid', message: `${path}${message}` }));
  expect(read).not.toThrow('hunter2');
});
