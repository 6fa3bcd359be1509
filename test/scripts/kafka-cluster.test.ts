import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { tryCommand } from '../servers/command.ts';

interface Service {
  image?: string;
  entrypoint?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  cap_drop?: string[];
  security_opt?: string[];
}

const PROJECT = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');
const services = (file: string): Record<string, Service> => parse(read(file), { merge: true }).services;

const usual = services('docker-compose.yml');
const cluster = services('docker-compose.kafka-cluster.yml');
const BROKERS = ['kafka', 'kafka-2', 'kafka-3'];

test('each broker of the cluster is a voter of its own, is told to clients under its own name, and wants a login', () => {
  for (const [i, name] of BROKERS.entries()) {
    const { environment = {}, volumes } = cluster[name] ?? {};
    const port = [`\${KAFKA_PORT:-29092}`, '29093', '29094'][i];
    expect(environment).toMatchObject({
      KAFKA_NODE_ID: i + 1,
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@kafka:9093,2@kafka-2:9093,3@kafka-3:9093',
      KAFKA_ADVERTISED_LISTENERS: `INTERNAL://${name}:9092,HOST://localhost:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: expect.not.stringMatching(/:PLAINTEXT/),
    });
    expect(volumes).toEqual([`kafka-${i + 1}-data:/var/lib/kafka/data`, 'kafka-user:/run/kafka-user:ro']);
  }
  for (const name of ['kafka-2', 'kafka-3']) {
    expect(cluster[name]).toMatchObject({
      ...{ image: usual.kafka?.image, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      ports: [expect.stringMatching(/^127\.0\.0\.1:/)],
    });
  }
});

test('every job knows the three brokers and the file of the password, and no password is in the file', () => {
  const jobs = Object.entries(usual).filter(([, { environment }]) => environment?.KAFKA_BROKERS);
  expect(jobs.length).toBeGreaterThan(5);
  for (const [name] of jobs) {
    expect({ name, ...cluster[name] }).toEqual({
      name,
      environment: {
        KAFKA_BROKERS: BROKERS.map((broker) => `${broker}:9092`).join(','),
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_SASL_USERNAME: 'eventlake',
        KAFKA_SASL_PASSWORD_FILE: '/run/kafka-user/password',
      },
      volumes: ['kafka-user:/run/kafka-user:ro'],
    });
  }
  const passwords = [...read('docker-compose.kafka-cluster.yml').matchAll(/(password|user_\w+)="([^"]*)"/g)];
  expect(passwords.map(([, , value]) => value)).toEqual(Array(2).fill('$${dir:/run/kafka-user:password}'));
});

test('passwords are made once, at random; that of Kafka where the cluster wants one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
  const script = read('config/credentials.sh').replaceAll('/run/', `${folder}/`);
  const env = { ROOT_USER: '', ROOT_PASSWORD: '', ACCESS_KEY: '', SECRET_KEY: '' };
  const names = ['minio-root', 'minio-user', 'postgres-root', 'postgres-user', 'spark-user'];
  const folders = names.map((name) => join(folder, name));
  const make = async (...more: string[]) => {
    const setUp = `mkdir -p ${[...folders, ...more].join(' ')}\n`;
    expect(await tryCommand('sh', ['-c', setUp + script], { env })).toMatchObject({ status: 0, output: '' });
  };
  const password = join(folder, 'kafka-user/password');
  await make();
  expect(statSync(password, { throwIfNoEntry: false })).toBeUndefined();
  await make(join(folder, 'kafka-user'));
  const passwords = () =>
    [password, join(folder, 'spark-user/token'), join(folder, 'spark-user/remote')].map((file) =>
      readFileSync(file, 'utf8'),
    );
  const first = passwords();
  expect(first[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(first[1]).toMatch(/^[0-9a-f]{32}$/);
  expect(first[2]).toBe(`sc://spark-connect:15002/;token=${first[1]}`);
  await make();
  expect(passwords()).toEqual(first);
  rmSync(folder, { recursive: true });
});
