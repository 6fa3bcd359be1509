import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  NoSuchBucket,
  S3Client,
} from '@aws-sdk/client-s3';
import type { OracleRequest } from '../oracle/compare.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

/** What a command answered. */
export interface Outcome {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Stores of a test's own, and the command line that works on them. */
export interface Environment {
  /** A folder of the test's own, where commands run. */
  readonly folder: string;
  /** The settings that name the stores. */
  readonly variables: Readonly<Record<string, string>>;
  readonly kafka: { readonly brokers: string[]; readonly topic: string } | null;
  readonly lake: OracleRequest['lake'];
  readonly index: OracleRequest['index'];
  /** Deletes everything that commands have made. */
  remove(): Promise<void>;
}

/** The default: everything in local files. */
export async function embedded(): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-'));
  const home = join(folder, 'home');
  return {
    folder,
    variables: { EVENTLAKE_HOME: home },
    kafka: null,
    lake: { uri: join(home, 'lake', 'electronics') },
    index: null,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Kafka, MinIO and Elasticsearch, with a topic, a bucket and an index of the test's own. */
export async function realServers(): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'real-servers-'));
  const name = `test-${randomUUID()}`;
  const { EVENTLAKE_TEST_KAFKA: brokers = '', EVENTLAKE_TEST_ELASTICSEARCH: url = '' } = process.env;
  const { EVENTLAKE_TEST_MINIO: endpoint = '', EVENTLAKE_TEST_MINIO_ACCESS_KEY: accessKeyId = '' } =
    process.env;
  const secretAccessKey = process.env.EVENTLAKE_TEST_MINIO_SECRET_KEY ?? '';
  const environment: Environment = {
    folder,
    variables: {
      EVENTLAKE_HOME: join(folder, 'home'),
      KAFKA_BROKERS: brokers,
      KAFKA_TOPIC: name,
      MINIO_ENDPOINT: endpoint,
      MINIO_BUCKET: name,
      MINIO_ACCESS_KEY: accessKeyId,
      MINIO_SECRET_KEY: secretAccessKey,
      ELASTICSEARCH_URL: url,
      ELASTICSEARCH_INDEX: name,
    },
    kafka: { brokers: brokers.split(','), topic: name },
    lake: {
      uri: `s3://${name}/electronics`,
      options: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_REGION: 'us-east-1',
        AWS_ALLOW_HTTP: 'true',
      },
    },
    index: { url, name },
    async remove() {
      await eventlake(environment, ['reset', '--yes']);
      await removeBucket(
        new S3Client({
          endpoint,
          region: 'us-east-1',
          forcePathStyle: true,
          credentials: { accessKeyId, secretAccessKey },
        }),
        name,
      );
      await rm(folder, { recursive: true, force: true });
    },
  };
  return environment;
}

async function removeBucket(client: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const { Contents: objects = [] } = await client
      .send(new ListObjectsV2Command({ Bucket }))
      .catch((error) => {
        if (error instanceof NoSuchBucket) return { Contents: null };
        throw error;
      });
    if (objects === null) return client.destroy();
    if (objects.length === 0) break;
    const Objects = objects.map(({ Key }) => ({ Key }));
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
  await client.send(new DeleteBucketCommand({ Bucket }));
  client.destroy();
}

/** The answer of the index, at a path below its name, to a request that must succeed. */
export async function askIndex(
  { index }: Environment,
  method: string,
  path: string,
  body?: object,
  // biome-ignore lint/suspicious/noExplicitAny: answers are read by their documented paths
): Promise<any> {
  const answer = await fetch(`${index?.url}/${index?.name}/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Starts a command in a process of its own. Of this process's environment it sees none of the settings. */
export function start(
  { folder, variables }: Environment,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  return spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', MAIN, ...args], {
    cwd: folder,
    env: { PATH, HOME, ...variables, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What a command that was started answers in the end. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([child.stdout, child.stderr].map((s) => (s ? text(s) : '')));
  const [code] = await ended;
  return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/**
 * Makes a file look as if nobody had written it for hours: a last line without its line end is then taken.
 */
export async function putToRest(file: string): Promise<void> {
  const then = new Date(Date.now() - 3 * 3_600_000);
  await utimes(file, then, then);
}

/** Runs a command to its end. */
export function eventlake(
  environment: Environment,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return outcomeOf(start(environment, args, more));
}

/** Runs a command with `--json`, which must exit with `code`, and gives its document. */
export async function json<T>(
  environment: Environment,
  args: readonly string[],
  code = 0,
  more: Readonly<Record<string, string>> = {},
): Promise<T> {
  const outcome = await eventlake(environment, [...args, '--json'], more);
  if (outcome.code !== code) {
    throw new Error(
      `eventlake ${args.join(' ')} exited with ${outcome.code}, not ${code}:\n${outcome.stderr}${outcome.stdout}`,
    );
  }
  return JSON.parse(outcome.stdout);
}
