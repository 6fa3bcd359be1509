import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { S3ObjectStore } from '../../adapters/s3/object-store.ts';
import { runCommand, tryCommand } from '../servers/command.ts';
import { freePort } from '../servers/free-port.ts';
import { withLock } from '../servers/lock.ts';
import { servicesHome } from '../servers/software.ts';
import { describeWithDocker, noEngine, PROJECT } from './engine.ts';
import { linksWithoutNode } from './without-node.ts';

// One name for all runs, so that a run that was killed is cleared away by the next; a lock keeps others away
// meanwhile.
const NAME = 'eventlake-test';
const ROWS = 20_000;
const MINUTES = 60_000;
const COMPOSE = ['compose', '--env-file', '.env', '--env-file', '.env.local'];
const SPARK = ['spark-connect', 'spark-master', 'spark-worker'];
const PORTS = [
  ...['KAFKA_PORT', 'MINIO_PORT', 'MINIO_CONSOLE_PORT', 'ELASTICSEARCH_PORT', 'KIBANA_PORT'],
  ...['SPARK_UI_PORT', 'SPARK_CONNECT_PORT'],
];

let folder = '';
let release = () => {};
// Without the level, a make below `make test` would begin with the name of its folder.
const env: Record<string, string> = { COMPOSE_PROJECT_NAME: NAME, MAKELEVEL: '', MAKEFLAGS: '' };

const make = (...args: string[]) => tryCommand('make', args, { cwd: folder, env });
/** Runs a command of eventlake in the stack and reads its JSON. */
const ask = async (command: string) =>
  JSON.parse(await runCommand(join(folder, 'stack.sh'), [command, '--json'], { cwd: folder, env }));
/** Runs the command line of this folder, embedded. */
const embedded = (...args: string[]) =>
  runCommand(process.execPath, ['--', join(PROJECT, 'cli', 'main.ts'), ...args], {
    cwd: folder,
    env: {
      KAFKA_BROKERS: '',
      MINIO_ENDPOINT: '',
      MINIO_ACCESS_KEY: '',
      MINIO_SECRET_KEY: '',
      ELASTICSEARCH_URL: '',
    },
  });
const labelled = async (...args: string[]) =>
  (await runCommand('docker', [...args, '--quiet', '--filter', `label=com.docker.compose.project=${NAME}`]))
    .split('\n')
    .filter((id) => id !== '');

/** What a command that does not end by itself says first; it is ended then. */
async function firstLines(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...env } });
  const [lines] = await once(child.stdout, 'data');
  child.kill();
  return String(lines);
}

describeWithDocker('the stack of Docker Compose', await noEngine(), () => {
  beforeAll(async () => {
    await new Promise<void>((held, failed) => {
      const hold = () =>
        new Promise<void>((done) => {
          release = done;
          held();
        });
      withLock(join(servicesHome(), 'compose-test.lock'), hold).catch(failed);
    });
    folder = await mkdtemp(join(tmpdir(), 'eventlake-compose-'));
    const files = await runCommand('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
      cwd: PROJECT,
    });
    for (const file of files.split('\n')) {
      if (file !== '' && existsSync(join(PROJECT, file))) await cp(join(PROJECT, file), join(folder, file));
    }
    for (const port of PORTS) env[port] = String(await freePort());
    await make('clean', 'YES=1');
  }, 30 * MINUTES);

  afterAll(async () => {
    await make('clean', 'YES=1');
    await rm(folder, { recursive: true, force: true });
    release();
  }, 5 * MINUTES);

  test('ingest before start says what to do', async () => {
    expect((await make('ingest')).output).toMatch(/^problem {2}The stack does not run .*: make start first/);
  });

  test(
    'docker compose as typed, on a fresh clone: up, ingestion, processing, down',
    async () => {
      const compose = (...args: string[]) => tryCommand('docker', ['compose', ...args], { cwd: folder, env });
      const file = join(folder, 'data', 'electronics.csv');
      await embedded('generate', '--rows', '2000', '--seed', '9', '--out', file);
      // The stop before all tests has written it.
      await rm(join(folder, '.env.local'), { force: true });
      expect(await compose('up', '-d')).toMatchObject({ status: 0 });
      const ingest = await compose('--profile', 'ingestion', 'up', 'ingestion-service');
      expect(ingest).toMatchObject({
        status: 0,
        output: expect.stringContaining('2,000 rows of data/electronics.csv are in the log'),
      });
      const bySpark = await compose('--profile', 'processing', 'up', 'spark-processor');
      expect(bySpark.output).toContain('archive: 2,000 events');
      expect(bySpark.output).toContain('engine: spark');
      expect(await compose('--profile', 'processing', 'up', '-d', '--wait', 'processor')).toMatchObject({
        status: 0,
      });
      const healthy = await compose('ps', '--format', '{{.Service}} {{.Health}}');
      expect(
        healthy.stdout
          .split('\n')
          .filter((line) => line !== '')
          .sort(),
      ).toEqual(
        ['elasticsearch', 'kafka', 'kibana', 'minio', 'processor', ...SPARK].map((name) => `${name} healthy`),
      );
      expect(await firstLines('docker', ['compose', 'logs', '-f'])).toMatch(/^[\w-]+ +\| /m);
      expect(existsSync(join(folder, '.env.local'))).toBe(false);
      // make start takes it over, with credentials of its own.
      expect(await compose('--profile', '*', 'down')).toMatchObject({ status: 0 });
      expect((await labelled('volume', 'ls')).length).toBeGreaterThanOrEqual(6);
      expect(await compose('up', '-d')).toMatchObject({ status: 0 });
      expect(await compose('up', 'setup')).toMatchObject({ status: 0 });
      expect(await make('start')).toMatchObject({ status: 0 });
      expect(await compose('--profile', '*', 'down', '-v')).toMatchObject({ status: 0 });
      expect(await labelled('volume', 'ls')).toEqual([]);
      await rm(join(folder, '.env.local'));
      await rm(file);
    },
    20 * MINUTES,
  );

  test(
    'make start',
    async () => {
      const { status, output } = await make('start');
      expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('3 saved objects') });
      expect(output).toContain(`Kibana          http://localhost:${env.KIBANA_PORT}`);
    },
    20 * MINUTES,
  );

  test(
    'make data and make check-data run in the image where there is no Node',
    async () => {
      const file = join(folder, 'data', 'electronics.csv');
      const without = { ...env, PATH: await linksWithoutNode(join(folder, 'bin')) };
      const run = (...args: string[]) => tryCommand('make', args, { cwd: folder, env: without });
      expect((await tryCommand('node', ['--version'], { env: without })).status).toBe(127);
      expect(await run('data', 'ROWS=300')).toMatchObject({
        status: 0,
        output: expect.stringContaining('data/electronics.csv: 300 synthetic rows'),
      });
      expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(302);
      expect(await run('check-data')).toMatchObject({
        status: 0,
        output: expect.stringContaining('300 rows pass, 0 will be rejected'),
      });
      await rm(file);
    },
    10 * MINUTES,
  );

  test('the image has all that the command line needs, runs without rights, and cannot be written', async () => {
    expect(await runCommand('docker', ['run', '--rm', 'eventlake:local', '--help'])).toBe(
      await embedded('--help'),
    );
    const user = await runCommand('docker', ['run', '--rm', '--entrypoint', 'id', 'eventlake:local', '-u']);
    expect(user.trim()).toBe('1000');
    const args = [...COMPOSE, 'run', '--rm', '--no-deps', '--entrypoint', 'touch', 'setup', '/app/x'];
    expect((await tryCommand('docker', args, { cwd: folder, env })).output).toContain(
      'Read-only file system',
    );
  });

  test('the account of the pipeline may use its bucket and nothing else', async () => {
    const local = parseEnv(readFileSync(join(folder, '.env.local'), 'utf8'));
    const store = (bucket: string) =>
      new S3ObjectStore({
        endpoint: `http://localhost:${env.MINIO_PORT}`,
        bucket,
        accessKey: local.MINIO_ACCESS_KEY ?? '',
        secretKey: local.MINIO_SECRET_KEY ?? '',
      });
    await store('data-lake').ensureBucket();
    await expect(store('another-bucket').ensureBucket()).rejects.toMatchObject({ code: 'object:forbidden' });
  });

  test('make ingest without a file says what to do', async () => {
    const { status, output } = await make('ingest');
    expect(status).not.toBe(0);
    expect(output).toMatch(/There is no file data\/electronics\.csv .*\n.*make data/);
  });

  test(
    'make ingest and make process bring each row to where it belongs, as without Docker',
    async () => {
      const file = join(folder, 'data', 'electronics.csv');
      await embedded('generate', '--rows', String(ROWS), '--seed', '7', '--dirty', '0.01', '--out', file);
      expect((await make('ingest')).status).toBe(0);
      expect((await make('process')).status).toBe(0);
      const { index, ...audit } = await ask('audit');
      expect(audit).toMatchObject({ balanced: true, file: { rows: ROWS } });
      expect(audit.log.deadLetters).toBeGreaterThan(0);
      const { index: none, ...same } = JSON.parse(await embedded('run', '--json')).audit;
      expect(none).toBeNull();
      expect(audit).toEqual(same);
      const address = `http://localhost:${env.ELASTICSEARCH_PORT}/customer-profiles/_count`;
      expect(await (await fetch(address)).json()).toMatchObject({ count: same.profiles.users });
      expect(index).toEqual({ documents: same.profiles.users, differing: 0 });
    },
    10 * MINUTES,
  );

  test('make ingest again adds nothing', async () => {
    expect((await make('ingest')).output).toContain(`nothing new: all ${ROWS.toLocaleString('en')} rows`);
  });

  test(
    'make follow runs a processor that takes in what comes, in JSON says so, and ends with OFF=1',
    async () => {
      const file = join(folder, 'data', 'electronics.csv');
      const more = join(folder, 'more.csv');
      await embedded('generate', '--rows', '500', '--seed', '8', '--out', more);
      expect(await make('follow')).toMatchObject({ status: 0 });
      await appendFile(file, (await readFile(more, 'utf8')).replace(/^.*\n/, ''));
      expect((await make('ingest')).output).toContain('continued: 500 rows');
      const compose = (...args: string[]) =>
        tryCommand('docker', [...COMPOSE, ...args], { cwd: folder, env });
      let log = '';
      for (let tries = 0; tries < 300 && !log.includes('"event":"publish"'); tries += 1) {
        log = (await compose('logs', '--no-log-prefix', 'processor')).stdout;
        await sleep(1000);
      }
      expect(JSON.parse(log.split('\n').find((line) => line.includes('"commit"')) ?? '')).toMatchObject({
        event: 'commit',
        events: 500,
        rejected: 0,
      });
      const ready = "fetch('http://127.0.0.1:9464/readyz').then((r) => r.text()).then(console.log)";
      expect((await compose('exec', '-T', 'processor', 'node', '-e', ready)).output.trim()).toBe('ok');
      expect(await ask('audit')).toMatchObject({ balanced: true, file: { rows: ROWS + 500 } });
      expect((await make('follow', 'OFF=1')).status).toBe(0);
      expect((await compose('ps', '--status', 'running', '--quiet', 'processor')).stdout).toBe('');
    },
    10 * MINUTES,
  );

  test(
    'make status, stop and start again: nothing is lost',
    async () => {
      const before = await ask('audit');
      expect((await make('status')).output).toContain(`log: kafka kafka:9092, topic electronics`);
      expect((await make('stop')).status).toBe(0);
      expect(await labelled('ps')).toEqual([]);
      expect((await tryCommand(join(folder, 'stack.sh'), ['is-up'], { env })).status).toBe(1);
      expect((await make('start')).status).toBe(0);
      expect(await ask('audit')).toEqual(before);
    },
    10 * MINUTES,
  );

  test(
    'make clean leaves nothing',
    async () => {
      expect((await labelled('volume', 'ls')).length).toBeGreaterThanOrEqual(4);
      expect((await make('clean')).status).not.toBe(0);
      expect((await labelled('ps')).length).toBeGreaterThanOrEqual(4);
      expect((await make('clean', 'YES=1')).status).toBe(0);
      expect(await labelled('ps', '--all')).toEqual([]);
      expect(await labelled('volume', 'ls')).toEqual([]);
    },
    5 * MINUTES,
  );
});
