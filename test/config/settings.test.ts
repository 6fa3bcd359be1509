import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSettings } from '../../config/settings.ts';
import { UsageError } from '../../core/errors.ts';

const KAFKA = { KAFKA_BROKERS: 'one:9092, two:9093' };
const SASL = {
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256',
  KAFKA_SASL_USERNAME: 'app',
  KAFKA_SASL_PASSWORD: 'pa55-kafka',
};
const MINIO = {
  MINIO_ENDPOINT: 'http://minio:9000',
  MINIO_ACCESS_KEY: 'access',
  MINIO_SECRET_KEY: 'pa55-minio',
};
const ELASTIC = { ELASTICSEARCH_URL: 'https://es:9200' };
const LOGIN = { ELASTICSEARCH_USERNAME: 'elastic', ELASTICSEARCH_PASSWORD: 'pa55-elastic' };
const ALL = { ...KAFKA, ...SASL, ...MINIO, ...ELASTIC, ...LOGIN };

/** Everything that is said about an environment, line by line; nothing when it is good. */
function complaints(environment: Record<string, string>): string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'settings:invalid', hint: expect.stringContaining('--env-file') });
    return (error as Error).message.split('\n');
  }
}

describe('settings', () => {
  test('of an empty environment are the embedded ones', () => {
    expect(readSettings({})).toMatchObject({
      kafka: null,
      topic: null,
      partitions: 4,
      minio: null,
      elasticsearch: null,
      environment: 'local',
      home: resolve('.eventlake'),
      datasets: null,
      batchRows: expect.any(Number),
      batchSeconds: 30,
      logLevel: 'info',
    });
  });

  test('take what is set, and nothing from variables of others', () => {
    const others = {
      KAFKA_TOPIC: 'shop.events',
      KAFKA_PARTITIONS: '12',
      KAFKA_SSL: 'true',
      MINIO_BUCKET: 'lake',
      ELASTICSEARCH_INDEX: 'people',
    };
    const rest = {
      ENVIRONMENT: 'ci',
      EVENTLAKE_HOME: '/var/eventlake',
      EVENTLAKE_DATASETS: '/srv/datasets',
      BATCH_ROWS: '1000',
      BATCH_SECONDS: '5',
      LOG_LEVEL: 'debug',
    };
    expect(readSettings({ ...ALL, ...others, ...rest, PATH: '/bin', MINIO_SOMETHING: 'else' })).toMatchObject(
      {
        kafka: {
          brokers: ['one:9092', 'two:9093'],
          ssl: true,
          sasl: { mechanism: 'scram-sha-256', username: 'app', password: 'pa55-kafka' },
        },
        topic: 'shop.events',
        partitions: 12,
        minio: {
          endpoint: 'http://minio:9000',
          bucket: 'lake',
          accessKey: 'access',
          secretKey: 'pa55-minio',
        },
        elasticsearch: {
          url: 'https://es:9200',
          index: 'people',
          login: { username: 'elastic', password: 'pa55-elastic' },
        },
        environment: 'ci',
        home: '/var/eventlake',
        datasets: '/srv/datasets',
        batchRows: 1000,
        batchSeconds: 5,
        logLevel: 'debug',
      },
    );
  });

  test('of each system are independent of the others, and have defaults of their own', () => {
    expect(readSettings(KAFKA)).toMatchObject({
      kafka: { ssl: false, sasl: null },
      minio: null,
      elasticsearch: null,
    });
    expect(readSettings(MINIO)).toMatchObject({ kafka: null, minio: { bucket: 'data-lake' } });
    expect(readSettings(ELASTIC)).toMatchObject({
      elasticsearch: { index: null, login: null },
    });
  });

  test('take empty variables as absent', () => {
    const empty = Object.fromEntries(
      Object.keys({ ...ALL, EVENTLAKE_HOME: '', LOG_LEVEL: '' }).map((name) => [name, '']),
    );
    expect(readSettings(empty)).toEqual(readSettings({}));
  });

  test.each([
    [KAFKA, SASL, 'KAFKA_SASL_MECHANISM'],
    [KAFKA, SASL, 'KAFKA_SASL_USERNAME'],
    [KAFKA, SASL, 'KAFKA_SASL_PASSWORD'],
    [{}, MINIO, 'MINIO_ENDPOINT'],
    [{}, MINIO, 'MINIO_ACCESS_KEY'],
    [{}, MINIO, 'MINIO_SECRET_KEY'],
    [ELASTIC, LOGIN, 'ELASTICSEARCH_USERNAME'],
    [ELASTIC, LOGIN, 'ELASTICSEARCH_PASSWORD'],
  ])('%j and %j without %s are refused, absent or empty', (base, group, variable) => {
    const others = Object.keys(group).filter((name) => name !== variable);
    const message = `${variable} is missing, though ${others.join(' and ')} is set`;
    expect(complaints({ ...base, ...group, [variable]: '' })).toEqual([message]);
    expect(
      complaints({
        ...base,
        ...Object.fromEntries(Object.entries(group).filter(([name]) => name !== variable)),
      }),
    ).toEqual([message]);
  });

  test('a login to a system without an address is refused', () => {
    expect(complaints(SASL)).toEqual([
      expect.stringMatching(/^KAFKA_BROKERS is missing, though KAFKA_SASL_MECHANISM and .* is set$/),
    ]);
    expect(complaints(LOGIN)).toEqual([expect.stringMatching(/^ELASTICSEARCH_URL is missing/)]);
  });

  test('a bucket alone asks for no server, as it has a default', () => {
    expect(readSettings({ MINIO_BUCKET: 'lake' })).toMatchObject({ minio: null });
  });

  test.each([
    ['KAFKA_BROKERS', 'localhost', 'must be host:port, several separated by commas (it is "localhost")'],
    [
      'KAFKA_BROKERS',
      'a:9092,,b:9092',
      'must be host:port, several separated by commas (it is "a:9092,,b:9092")',
    ],
    [
      'KAFKA_TOPIC',
      'a topic',
      'must be letters, digits, ".", "_" and "-", and not "." or ".." (it is "a topic")',
    ],
    ['KAFKA_TOPIC', '..', 'must be letters, digits, ".", "_" and "-", and not "." or ".." (it is "..")'],
    ['KAFKA_TOPIC', '.', 'must be letters, digits, ".", "_" and "-", and not "." or ".." (it is ".")'],
    ['KAFKA_PARTITIONS', '0', 'must be at least 1 (it is "0")'],
    ['KAFKA_PARTITIONS', '1001', 'must be at most 1000 (it is "1001")'],
    ['KAFKA_PARTITIONS', 'four', 'must be a whole number (it is "four")'],
    ['KAFKA_SSL', 'yes', 'must be true or false (it is "yes")'],
    [
      'MINIO_BUCKET',
      'My_Bucket',
      'must be 3 to 63 lower-case letters, digits, "." and "-" (it is "My_Bucket")',
    ],
    [
      'ELASTICSEARCH_INDEX',
      'People',
      'must be lower-case letters, digits, ".", "_" and "-" (it is "People")',
    ],
    ['BATCH_ROWS', '-1', 'must be a whole number (it is "-1")'],
    ['BATCH_ROWS', '1e6', 'must be a whole number (it is "1e6")'],
    ['BATCH_SECONDS', '0.5', 'must be a whole number (it is "0.5")'],
    ['LOG_LEVEL', 'loud', 'must be debug, info, warn, error or silent (it is "loud")'],
  ])('%s=%s is refused with the value that it has', (variable, value, message) => {
    expect(complaints({ [variable]: value })).toEqual([`${variable} ${message}`]);
  });

  test('everything that is wrong is said at once', () => {
    const wrong = { KAFKA_PARTITIONS: 'x', LOG_LEVEL: 'x', MINIO_ACCESS_KEY: 'x' };
    expect(complaints(wrong).map((line) => line.split(' ')[0])).toEqual([
      'KAFKA_PARTITIONS',
      'LOG_LEVEL',
      'MINIO_ENDPOINT',
      'MINIO_SECRET_KEY',
    ]);
  });

  test('values that may hold secrets are never shown', () => {
    const secret = 'hunter2';
    const addresses = { MINIO_ENDPOINT: `ftp://me:${secret}@x`, ELASTICSEARCH_URL: `me:${secret}@x` };
    const halves = { MINIO_SECRET_KEY: secret, KAFKA_SASL_PASSWORD: secret, ELASTICSEARCH_PASSWORD: secret };
    for (const environment of [addresses, halves, { ...addresses, ...halves }]) {
      const said = complaints(environment);
      expect(said.length).toBeGreaterThan(1);
      expect(said.join('\n')).not.toContain(secret);
    }
  });
});
