import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Answers, DOCKER, Machine } from './machine.ts';

const RUNNING =
  'ps --filter label=com.docker.compose.project=eventlake --format {{.Label "com.docker.compose.service"}}';
const COMPOSE =
  'compose --env-file .env --env-file .env.local --profile ingestion --profile processing --profile spark --profile live --profile dashboard --profile monitoring --profile warehouse';
const ALL = 'minio\nkafka\nkibana\nelasticsearch\n';

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
  machine.write('.env.local', 'MINIO_ROOT_USER=somebody\n');
});
afterEach(async () => {
  await machine.remove();
});

const stack = (...args: string[]) => machine.run('stack.sh', args);
const JOBS =
  'ps --quiet --filter label=com.docker.compose.project=eventlake --filter label=com.docker.compose.oneoff=True';
/** A Docker in which these services run. */
const docker = (running: string, answers: Answers = {}) =>
  machine.fake('docker', { ...DOCKER, info: {}, [RUNNING]: { out: running }, [JOBS]: {}, ...answers });
const composed = () => machine.calls('docker').filter((call) => call.startsWith('compose --env-file'));

describe('one line says what to do', () => {
  test.each([['ingest'], ['process'], ['status'], ['dashboards']])(
    '%s before make start',
    async (command) => {
      docker('');
      expect(await stack(command)).toEqual({
        status: 1,
        out: [],
        error: [
          'problem  The stack does not run (kafka is missing): make start first. Without Docker: make run',
        ],
      });
      expect(composed()).toEqual([]);
    },
  );

  test('a server that has gone', async () => {
    docker('kafka\nminio\nkibana\n');
    expect((await stack('process')).error).toEqual([
      expect.stringMatching(
        /^problem {2}The stack does not run \(elasticsearch is missing\): make start first/,
      ),
    ]);
  });

  test.each([['ingest'], ['logs'], ['stop'], ['clean']])('%s without Docker', async (command) => {
    const { status, error } = await stack(command);
    expect({ status, error }).toEqual({
      status: 1,
      error: [expect.stringMatching(/^problem {2}Docker is not installed: install it/)],
    });
  });

  test('Docker that does not run', async () => {
    const down = { status: 1, error: 'Cannot connect to the Docker daemon\n' };
    docker('', { info: down, 'info --format {{.MemTotal}}': down });
    expect((await stack('ingest')).error).toEqual([
      'problem  Docker is installed but not running: sudo systemctl start docker',
    ]);
  });

  test('what keeps the stack from starting', async () => {
    docker('', { 'info --format {{.MemTotal}}': { out: '2084032512\n' } });
    const { status, error } = await stack('start');
    expect(status).toBe(1);
    expect(error).toEqual([
      expect.stringMatching(/^problem {2}Docker has 2\.0 GB of memory, too little/),
      'The stack cannot start before that is fixed.',
    ]);
    expect(composed()).toEqual([]);
  });
});

test.each([
  [['ingest', 'electronics'], 'ingestion-service'],
  [['audit', '--json'], 'processor'],
  [['profile', '1515915625438750129'], 'processor'],
])('%j runs in a container of %s, and its status is passed on', async (args, service) => {
  const call = `${COMPOSE} run --rm --no-deps --quiet-pull --use-aliases --env LOG_FORMAT=text ${service} ${args.join(' ')}`;
  docker(ALL, { [call]: { out: 'result\n', status: 3 } });
  expect(await stack(...args)).toEqual({ status: 3, out: ['result'], error: [] });
});

test('a server that does not become healthy is named', async () => {
  const state = (server: string) =>
    `${COMPOSE} ps --all --format {{.State}} {{.Health}} {{.ExitCode}} ${server}`;
  docker('', {
    [`${COMPOSE} --progress quiet build setup`]: {},
    [`${COMPOSE} up --detach --wait --wait-timeout 600 kafka minio elasticsearch kibana`]: { status: 1 },
    [state('kafka')]: { out: 'running healthy 0\n' },
    [state('minio')]: {},
    [state('elasticsearch')]: { out: 'exited  137\n' },
    [state('kibana')]: { out: 'running unhealthy 0\n' },
  });
  const { status, error } = await stack('start');
  expect(status).toBe(1);
  expect(error).toEqual([
    'problem  minio was not started',
    'problem  elasticsearch was killed, as happens when memory is short: ./setup-environment.sh',
    'problem  kibana is not well (running unhealthy 0): make logs SERVICE=kibana',
    'problem  The stack did not start. Fix what is named above, and run make start again; what runs already stays.',
  ]);
});

test('a start makes what the servers need and says where they are', async () => {
  docker('', {
    [`${COMPOSE} --progress quiet build setup`]: {},
    [`${COMPOSE} up --detach --wait --wait-timeout 600 kafka minio elasticsearch kibana`]: {},
    [`${COMPOSE} --progress quiet run --rm --quiet-pull setup`]: {},
  });
  const { status, out, error } = await stack('start');
  expect({ status, error }).toEqual({ status: 0, error: [] });
  const port = (name: string) => `http://localhost:${machine.ports[name]}`;
  expect(out).toEqual(
    expect.arrayContaining([
      `  Kibana          ${port('KIBANA_PORT')}`,
      `  MinIO console   ${port('MINIO_CONSOLE_PORT')}`,
      `  Elasticsearch   ${port('ELASTICSEARCH_PORT')}`,
      `  Kafka           localhost:${machine.ports.KAFKA_PORT}`,
    ]),
  );
});

describe('Spark', () => {
  const SPARK = `${ALL}spark-master\nspark-worker\nspark-connect\n`;

  test('is built and started with as many workers as are wanted, and says where it is', async () => {
    const servers = 'kafka minio elasticsearch kibana spark-master spark-worker spark-connect';
    docker(SPARK, {
      [`${COMPOSE} --progress quiet build spark-master`]: {},
      [`${COMPOSE} --progress quiet build setup`]: {},
      [`${COMPOSE} up --detach --wait --wait-timeout 600 --scale spark-worker=3 ${servers}`]: {},
      [`${COMPOSE} --progress quiet run --rm --quiet-pull setup`]: {},
    });
    const { status, out, error } = await stack('start', '--spark', '3');
    expect({ status, error }).toEqual({ status: 0, error: [] });
    expect(out).toEqual(
      expect.arrayContaining([
        `  Spark           http://localhost:${machine.ports.SPARK_UI_PORT}`,
        expect.stringContaining(
          `  Spark Connect   localhost:${machine.ports.SPARK_CONNECT_PORT}; its token: `,
        ),
      ]),
    );
  });

  const process = `${COMPOSE} run --rm --no-deps --quiet-pull --use-aliases --env LOG_FORMAT=text processor process electronics`;
  const run = (env: Record<string, string>) => machine.run('stack.sh', ['process', 'electronics'], env);

  test.each([['process'], ['run'], ['follow']])(
    '%s by Spark where none runs says what to do',
    async (command) => {
      docker(ALL);
      expect(await machine.run('stack.sh', [command, 'electronics'], { ENGINE: 'spark' })).toMatchObject({
        status: 1,
        error: [
          'problem  Spark does not run (spark-connect is missing): make start SPARK=1, or set SPARK_REMOTE',
        ],
      });
      expect(composed()).toEqual([]);
    },
  );

  test('computes where it runs, where .env.local names another one, and not where it is not the engine', async () => {
    docker(SPARK, { [process]: {} });
    expect(await run({ ENGINE: 'spark' })).toMatchObject({ status: 0, error: [] });
    docker(ALL, { [process]: {} });
    expect(await run({})).toMatchObject({ status: 0, error: [] });
    machine.write('.env.local', 'SPARK_REMOTE=sc://cluster.example:15002\n');
    expect(await run({ ENGINE: 'spark' })).toMatchObject({ status: 0, error: [] });
  });
});

test('urls are known before the first start, which it asks for', async () => {
  await machine.remove();
  machine = await Machine.create();
  docker('');
  const { out, error } = await stack('urls');
  expect(out[0]).toBe(`  Kibana          http://localhost:${machine.ports.KIBANA_PORT}`);
  expect(error).toEqual(['It does not run at the moment: make start']);
});

describe('is-up', () => {
  test('succeeds silently where all servers run', async () => {
    docker(ALL);
    expect(await stack('is-up')).toEqual({ status: 0, out: [], error: [] });
  });

  test('says that the local files are meant, where there has been a stack', async () => {
    docker('kafka\n');
    expect(await stack('is-up')).toEqual({
      status: 1,
      out: [],
      error: ['The stack does not run (make start); this is about the local files:'],
    });
  });

  test('fails silently where there never was one', async () => {
    await machine.remove();
    machine = await Machine.create();
    expect(await stack('is-up')).toEqual({ status: 1, out: [], error: [] });
  });
});

describe('the page', () => {
  const START = `${COMPOSE} --progress quiet up --detach --wait --wait-timeout 120 --no-deps dashboard`;
  const STOP = `${COMPOSE} --progress quiet stop dashboard`;

  test('is started as a service and says where it is; --off ends it', async () => {
    docker(ALL, { [START]: {}, [STOP]: {} });
    expect(await stack('dashboard')).toEqual({
      status: 0,
      out: [`  The page        http://localhost:${machine.ports.DASHBOARD_PORT}`],
      error: [],
    });
    expect(await stack('dashboard', '--off')).toEqual({
      status: 0,
      out: ['The page is stopped.'],
      error: [],
    });
    expect(composed()).toEqual([START, STOP]);
  });

  test('says that it asks for a token where others reach it', async () => {
    machine.write('.env.local', 'MINIO_ROOT_USER=somebody\nDASHBOARD_HOST=0.0.0.0\n');
    docker(ALL, { [START]: {} });
    expect((await stack('dashboard')).out.at(-1)).toMatch(/asks for a token/);
  });
});

describe('a processor that stays', () => {
  const quietly = `${COMPOSE} --progress quiet`;
  const FOLLOW = `${quietly} up --detach --wait --wait-timeout 120 --no-deps processor`;

  test('is started for its dataset, and ended', async () => {
    docker(ALL, { [FOLLOW]: {}, [`${quietly} stop processor prometheus`]: {} });
    expect(await stack('follow', 'electronics')).toEqual({
      status: 0,
      out: [expect.stringMatching(/^A processor follows the log\. .* make follow OFF=1$/)],
      error: [],
    });
    expect(await stack('follow', '--off')).toMatchObject({ status: 0, error: [] });
    expect(composed()).toEqual([FOLLOW, `${quietly} stop processor prometheus`]);
  });

  test('comes with Prometheus', async () => {
    const prometheus = `${COMPOSE} up --detach --wait --wait-timeout 300 --no-deps prometheus`;
    docker(ALL, { [FOLLOW]: {}, [prometheus]: {} });
    const { status, out, error } = await stack('monitoring', 'electronics');
    expect({ status, error }).toEqual({ status: 0, error: [] });
    expect(out.at(-1)).toBe(`  Prometheus      http://localhost:${machine.ports.PROMETHEUS_PORT}/alerts`);
  });

  test('and a Prometheus whose port is taken is reported before anything is started', async () => {
    docker(ALL);
    const server = createServer().listen(machine.ports.PROMETHEUS_PORT, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    expect(await stack('monitoring', 'electronics')).toMatchObject({
      status: 1,
      error: [
        `problem  Port ${machine.ports.PROMETHEUS_PORT} is in use by another program: stop that program, or set PROMETHEUS_PORT to a free port in .env.local`,
        'The stack cannot start before that is fixed.',
      ],
    });
    await new Promise((closed) => server.close(closed));
  });

  test('comes with PostgreSQL where that is wanted', async () => {
    const up = `${COMPOSE} up --detach --wait --wait-timeout 300 postgres`;
    docker(ALL, { [up]: {} });
    const { status, out, error } = await stack('warehouse');
    expect({ status, error }).toEqual({ status: 0, error: [] });
    expect(out[0]).toBe(`  PostgreSQL      localhost:${machine.ports.WAREHOUSE_PORT}, database warehouse`);
  });

  test('that does not stay is reported', async () => {
    docker(ALL, { [FOLLOW]: { status: 1 } });
    expect(await stack('follow')).toMatchObject({
      status: 1,
      error: ['problem  The processor does not stay: make logs SERVICE=processor'],
    });
  });
});

test('live starts the generator and the export of readings, and the page, and ends the first two', async () => {
  const up = `${COMPOSE} --progress quiet up --detach --wait --wait-timeout 120 --no-deps live-generator live-exporter`;
  const off = `${COMPOSE} --progress quiet stop live-generator live-exporter`;
  const page = `${COMPOSE} --progress quiet up --detach --wait --wait-timeout 120 --no-deps dashboard`;
  docker(ALL, { [up]: {}, [off]: {}, [page]: {} });
  expect(await stack('live')).toEqual({
    status: 0,
    out: [
      'Readings are generated and exported. To end it: ./stack.sh live --off',
      `  The page        http://localhost:${machine.ports.DASHBOARD_PORT}`,
    ],
    error: [],
  });
  expect(await stack('live', '--off')).toMatchObject({ status: 0, error: [] });
  expect(composed()).toEqual([up, page, off]);
  docker(ALL, { [up]: { status: 1 } });
  expect(await stack('live')).toMatchObject({
    status: 1,
    error: [expect.stringMatching(/^problem {2}The readings do not flow: .*live-exporter$/)],
  });
});

test('health asks PostgreSQL only where it runs', async () => {
  const run = `${COMPOSE} run --rm --no-deps --quiet-pull --use-aliases --env LOG_FORMAT=text processor health kafka minio elasticsearch`;
  docker(ALL, { [`${run} --json`]: {} });
  expect(await stack('health', '--json')).toMatchObject({ status: 0 });
  docker(`${ALL}postgres\n`, { [`${run} postgres`]: {} });
  expect(await stack('health')).toMatchObject({ status: 0 });
  expect(composed()).toEqual([`${run} --json`, `${run} postgres`]);
});

test('stop ends the jobs too', async () => {
  docker(ALL, {
    [JOBS]: { out: 'abc\ndef\n' },
    'stop --time 60 abc': {},
    'stop --time 60 def': {},
    [`${COMPOSE} stop`]: {},
  });
  expect(await stack('stop')).toMatchObject({ status: 0, error: [] });
  expect(machine.calls('docker').slice(-3)).toEqual([
    'stop --time 60 abc',
    'stop --time 60 def',
    `${COMPOSE} stop`,
  ]);
});

describe('clean', () => {
  const down = `${COMPOSE} down --volumes --remove-orphans`;

  test('deletes nothing where nobody can be asked', async () => {
    docker(ALL, { [down]: {} });
    expect(await stack('clean')).toMatchObject({
      status: 1,
      error: ['problem  Nothing was deleted. To delete without a question: make clean YES=1'],
    });
    expect(composed()).toEqual([]);
  });

  test('--yes deletes, also without a .env.local, which Compose wants', async () => {
    await machine.remove();
    machine = await Machine.create();
    docker('', { [down]: {} });
    expect(await stack('clean', '--yes')).toMatchObject({ status: 0, error: [] });
    expect(composed()).toEqual([down]);
    expect(machine.read('.env.local')).toMatch(/^MINIO_ROOT_PASSWORD=/m);
  });
});

test.each([[[]], [['--halp']]])('%j is wrong usage', async (args: string[]) => {
  const { status, error } = await stack(...args);
  expect({ status, first: error[0] }).toEqual({ status: 2, first: expect.stringMatching(/^usage: /) });
});
