import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

interface Service {
  image?: string;
  build?: string;
  profiles?: string[];
  command?: string[];
  ports?: string[];
  environment?: Record<string, string | null>;
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
}

const PROJECT = resolve(import.meta.dirname, '../..');
const SERVER = 'adapters/spark/server';
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');
const services: Record<string, Service> = parse(read('docker-compose.yml'), { merge: true }).services;
const SERVERS = ['spark-master', 'spark-worker', 'spark-connect'];
const dependenciesOf = (name: string): string[] => [
  name,
  ...Object.keys(services[name]?.depends_on ?? {}).flatMap(dependenciesOf),
];

test('Spark has one image, of the version of the jars that are baked into it', () => {
  for (const name of SERVERS) expect(services[name]?.image).toBe('eventlake-spark:local');
  expect(SERVERS.map((name) => services[name]?.build)).toEqual([SERVER, undefined, undefined]);
  const pom = read(`${SERVER}/pom.xml`);
  const [, version] =
    /<artifactId>spark-sql-kafka-\S+<\/artifactId>\s*<version>(.*)<\/version>/.exec(pom) ?? [];
  const images = [...read(`${SERVER}/Dockerfile`).matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
  expect(new Set(images)).toEqual(new Set([`apache/spark:${version}`]));
  const requirements = globSync('test/**/requirements.txt', { cwd: PROJECT }).map(read).join('\n');
  expect(requirements.match(/^pyspark.*$/gm)?.sort()).toEqual([
    `pyspark-client==${version}`,
    `pyspark==${version}`,
  ]);
});

test('each jar is listed by its place in a Maven repository, and each that the image is asked for is there', () => {
  const lines = read(`${SERVER}/jars.sha256`).trim().split('\n');
  for (const line of lines)
    expect(line).toMatch(
      /^[0-9a-f]{64} {2}(?:[\w-]+\/)+(?<name>[\w.-]+)\/(?<version>[\w.-]+)\/\k<name>-\k<version>\.jar$/,
    );
  const pom = read(`${SERVER}/pom.xml`).replaceAll(
    '$' + '{aws.version}',
    () => /<aws.version>(.*)</.exec(read(`${SERVER}/pom.xml`))?.[1] ?? '',
  );
  const named = [
    ...pom.matchAll(
      /<artifactId>(.*)<\/artifactId>\s*<version>(.*)<\/version>\s*(?:<excl[\s\S]*?)?<\/dependency>/g,
    ),
  ];
  expect(named.length).toBeGreaterThan(7);
  for (const [, name, version] of named)
    expect(lines.join('\n')).toContain(`/${name}/${version}/${name}-${version}.jar`);
});

test('one profile starts Spark, another what works with it; as many workers as wanted have room', () => {
  for (const name of SERVERS) expect(services[name]?.profiles).toContain('spark');
  // Compose starts what a service depends on where they share a profile.
  for (const name of dependenciesOf('spark-processor'))
    expect(services[name]?.profiles ?? ['processing']).toContain('processing');
  expect(dependenciesOf('spark-processor')).toEqual(
    expect.arrayContaining([...SERVERS, 'setup', 'credentials']),
  );
  expect(services['spark-processor']?.command?.slice(-2)).toEqual(['--engine', 'spark']);
  // The second worker could not have the port or the name of the first.
  expect(Object.keys(services['spark-worker'] ?? {})).not.toContain('ports');
  expect(Object.keys(services['spark-worker'] ?? {})).not.toContain('hostname');
});

test('the token is in no argument and no setting: the Connect server and each job read it from a volume', () => {
  const jobs = Object.keys(services).filter((name) => services[name]?.environment?.KAFKA_BROKERS);
  expect(jobs.length).toBeGreaterThan(5);
  for (const name of [...jobs, 'spark-connect'])
    expect({ name, volumes: services[name]?.volumes }).toEqual({
      name,
      volumes: expect.arrayContaining(['spark-user:/run/spark-user:ro']),
    });
  for (const name of jobs)
    expect(services[name]?.environment).toMatchObject({
      SPARK_REMOTE_FILE: '/run/spark-user/remote',
      // That of the environment, where it has one.
      SPARK_REMOTE: null,
    });
  const command = services['spark-connect']?.command?.join(' ');
  expect(command).toContain('$$(cat /run/spark-user/token)');
  expect(command?.split('exec ')[1]).not.toMatch(/token/i);
});

test('what a master needs to know its workers after a restart is in a volume', () => {
  const [, directory = ''] =
    /^spark\.deploy\.recoveryDirectory +(\S+)$/m.exec(read(`${SERVER}/spark-defaults.conf`)) ?? [];
  const places = services['spark-master']?.volumes?.map((volume) => volume.split(':')[1]) ?? [];
  expect(places.filter((place) => directory.startsWith(`${place}/`))).toHaveLength(1);
});
