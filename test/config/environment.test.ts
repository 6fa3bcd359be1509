import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readEnvironment } from '../../config/environment.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environment-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('an env file', () => {
  test('is below what is set', async () => {
    const path = await file(
      'some.env',
      '# servers\nKAFKA_BROKERS=file:9092\n\nexport KAFKA_TOPIC="from file"\n',
    );
    expect(readEnvironment({ KAFKA_TOPIC: 'set', HOME: '/home/me' }, { envFile: path })).toEqual({
      environment: expect.objectContaining({
        KAFKA_BROKERS: 'file:9092',
        KAFKA_TOPIC: 'set',
        HOME: '/home/me',
      }),
      warnings: [],
    });
  });

  test('may have a byte order mark, carriage returns and values over several lines', async () => {
    const path = await file(
      'bom.env',
      '\ufeffKAFKA_BROKERS=b:9092\r\nKAFKA_TOPIC="two\r\nlines"\r\nLOG_LEVEL=warn\r\n',
    );
    expect(readEnvironment({}, { envFile: path }).environment).toMatchObject({
      KAFKA_BROKERS: 'b:9092',
      LOG_LEVEL: 'warn',
    });
  });

  test.each([
    ['utf16.env', Buffer.from('\ufeffKAFKA_BROKERS=b:9092\n', 'utf16le'), 'looks like UTF-16'],
    ['colon.env', '# x\nKAFKA_BROKERS: b:9092\n', ':2: KAFKA_BROKERS is no setting'],
    ['word.env', 'KAFKA_TOPIC=t\n\nKAFKA_SSL true\n', ':3: KAFKA_SSL is no setting'],
    ['shell.env', 'source other.env\n', ':1: source is no setting'],
  ])('%s is refused with file and line', async (name, content, message) => {
    const path = await file(name, content);
    expect(() => readEnvironment({}, { envFile: path })).toThrow(
      expect.objectContaining({
        code: 'settings:invalid',
        message: expect.stringContaining(`${path}${message.startsWith(':') ? message : ''}`),
      }),
    );
    expect(() => readEnvironment({}, { envFile: path })).toThrow(message);
  });

  test('shows no value of a line that is no setting', async () => {
    const path = await file('secret.env', 'MINIO_SECRET_KEY hunter2\n');
    expect(() => readEnvironment({}, { envFile: path })).not.toThrow('hunter2');
    expect(() => readEnvironment({}, { envFile: path })).toThrow('MINIO_SECRET_KEY is no setting');
  });

  test('that cannot be read is named', () => {
    const path = join(folder, 'missing.env');
    expect(() => readEnvironment({}, { envFile: path })).toThrow(
      expect.objectContaining({ code: 'settings:no_env_file', message: expect.stringContaining(path) }),
    );
  });
});

describe('a variable that is no setting', () => {
  test('is a warning with its place and the nearest name', async () => {
    const path = await file('typo.env', 'KAFKA_TOPIC=t\nKAFKA_BROKER=b:9092\nMINIO_COLOUR=red\nOTHER=1\n');
    expect(
      readEnvironment({ ELASTICSEARCH_UR: 'x', KAFKA_HEAP_OPTS: '-Xmx1g' }, { envFile: path }).warnings,
    ).toEqual([
      `${path}:2: KAFKA_BROKER is no setting of eventlake; did you mean KAFKA_BROKERS?`,
      `${path}:3: MINIO_COLOUR is no setting of eventlake`,
      'The environment: ELASTICSEARCH_UR is no setting of eventlake; did you mean ELASTICSEARCH_URL?',
    ]);
  });

  test("is none of the project's own .env", async () => {
    const env = await readFile(join(import.meta.dirname, '../../.env'), 'utf8');
    const all = await file('all.env', env.replaceAll(/^# ?([A-Z_]+=)/gm, '$1'));
    expect(readEnvironment({}, { envFile: all }).warnings).toEqual([]);
  });
});

describe('a secret', () => {
  test('may come from the file that <NAME>_FILE names; its own variable wins', async () => {
    const path = await file('key', 'from file\n');
    const given = { MINIO_SECRET_KEY_FILE: path, MINIO_ACCESS_KEY_FILE: path, MINIO_ACCESS_KEY: 'own' };
    expect(readEnvironment(given)).toEqual({
      environment: expect.objectContaining({ MINIO_SECRET_KEY: 'from file', MINIO_ACCESS_KEY: 'own' }),
      warnings: [],
    });
  });

  test('whose file is missing is refused by the name of the variable', () => {
    const given = { KAFKA_SASL_PASSWORD_FILE: join(folder, 'nothing') };
    expect(() => readEnvironment(given)).toThrow(
      /KAFKA_SASL_PASSWORD_FILE: .*nothing cannot be read: ENOENT/,
    );
  });
});
