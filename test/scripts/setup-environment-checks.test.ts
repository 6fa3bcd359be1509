import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CODESPACE, COMPOSE, DOCKER, Machine, MEMORY, OWN, WSL } from './machine.ts';

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
  machine.fake('docker', DOCKER);
});
afterEach(async () => {
  await machine.remove();
});

const setUp = (env: Record<string, string> = {}, args: string[] = []) =>
  machine.run('setup-environment.sh', args, env);
const port = (name: string) => machine.ports[name] ?? 0;

describe('what keeps the stack from starting is one line and exit 1', () => {
  const check = async (env: Record<string, string> = {}) => {
    const { status, error } = await setUp(env, ['--check']);
    expect(error.at(-1)).toBe('The stack cannot start before that is fixed.');
    expect(status).toBe(1);
    return error.slice(0, -1);
  };
  const down = {
    [MEMORY]: { status: 1, out: '0\n' },
    info: { status: 1, error: 'Cannot connect to the Docker daemon' },
  };

  test('no docker', async () => {
    await machine.remove();
    machine = await Machine.create();
    expect(await check()).toEqual([
      'problem  Docker is not installed: install it, https://docs.docker.com/engine/install/',
    ]);
  });

  test.each([
    ['Linux', 'Linux version 6.1', {}, 'sudo systemctl start docker'],
    [
      'Linux',
      WSL,
      {},
      'start Docker Desktop and turn on its WSL integration, or, for an engine inside WSL: sudo service docker start',
    ],
    ['Darwin', '', {}, 'start Docker Desktop'],
    ['Linux', '', CODESPACE, 'stop the Codespace and start it again'],
  ])('docker not running (%s %s %j)', async (system, version, env, advice) => {
    machine.kernel(system, version);
    machine.fake('docker', { ...DOCKER, ...down });
    expect(await check(env)).toEqual([`problem  Docker is installed but not running: ${advice}`]);
  });

  test('an old docker that reports no memory and no failure either', async () => {
    machine.fake('docker', { ...DOCKER, ...down, [MEMORY]: { out: '0\n' } });
    expect(await check()).toEqual([expect.stringMatching(/^problem {2}Docker is installed but not running/)]);
  });

  test('docker that does not let the user in', async () => {
    const error =
      'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock\n';
    machine.fake('docker', { ...DOCKER, ...down, info: { status: 1, error } });
    expect(await check()).toEqual([
      'problem  Docker does not let this user in: sudo usermod -aG docker "$USER", then log out and in again',
    ]);
  });

  test('no compose', async () => {
    machine.fake('docker', { ...DOCKER, [COMPOSE]: { status: 1, error: 'unknown command: docker compose' } });
    expect(await check()).toEqual([
      expect.stringMatching(/^problem {2}Docker Compose v2 is missing: install /),
    ]);
  });

  test.each(['1.29.2', '2.16.0', 'v2.9.1', '2'])('compose %s', async (version) => {
    machine.fake('docker', { ...DOCKER, [COMPOSE]: { out: `${version}\n` } });
    expect(await check()).toEqual([
      `problem  Docker Compose is version ${version.replace('v', '')}, and 2.17 is the oldest that will do: update Docker`,
    ]);
  });

  test('too little memory', async () => {
    machine.fake('docker', { ...DOCKER, [MEMORY]: { out: '2084032512\n' } });
    expect(await check()).toEqual([
      expect.stringMatching(
        /^problem {2}Docker has 2\.0 GB of memory, too little for the stack, which wants 6: /,
      ),
    ]);
  });

  test('a port in use, and not by the stack itself', async () => {
    const server = createServer().listen(port('KIBANA_PORT'), '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    expect(await check()).toEqual([
      `problem  Port ${port('KIBANA_PORT')} is in use by another program: stop that program, or set KIBANA_PORT to a free port in .env.local`,
    ]);
    machine.fake('docker', {
      ...DOCKER,
      [OWN]: { out: 'abc\ndef\n' },
      'port abc': { out: `9000/tcp -> 127.0.0.1:${port('MINIO_PORT')}\n` },
      'port def': { out: `5601/tcp -> 127.0.0.1:${port('KIBANA_PORT')}\n` },
    });
    expect((await setUp({}, ['--check'])).status).toBe(0);
    await new Promise((closed) => server.close(closed));
  });

  test.each([
    ['KIBANA_PORT=http', 'KIBANA_PORT is "http": set it to a port number, 1 to 65535, in .env or .env.local'],
    ['MINIO_PORT=65536', 'MINIO_PORT is "65536": set it to a port number, 1 to 65535, in .env or .env.local'],
    [
      'KIBANA_PORT=29092\nKAFKA_PORT=29092',
      'Port 29092 is given twice, the second time as KIBANA_PORT: set it to another one in .env or .env.local',
    ],
  ])('%j', async (setting, complaint) => {
    machine.write('.env.local', `${setting}\n`);
    const mine = (await check()).filter((line) => !line.includes('in use'));
    expect(mine).toEqual([`problem  ${complaint}`]);
  });

  test('all of it at once', async () => {
    machine.fake('docker', { ...down, [OWN]: {} });
    machine.write('.env.local', 'MINIO_PORT=0\n');
    expect(await check()).toEqual([
      expect.stringMatching(/^problem {2}Docker is installed but not running/),
      expect.stringMatching(/^problem {2}Docker Compose v2 is missing/),
      expect.stringMatching(/^problem {2}MINIO_PORT is "0"/),
    ]);
  });
});

test.each(['2.17.0', 'v2.40.3', '5.0.1', '2.17.2-desktop.1'])('compose %s will do', async (version) => {
  machine.fake('docker', { ...DOCKER, [COMPOSE]: { out: `${version}\n` } });
  expect(await setUp({}, ['--check'])).toMatchObject({ status: 0, error: [] });
});

test('little memory is a warning that says where to get more', async () => {
  machine.kernel('Linux', WSL);
  machine.fake('docker', { ...DOCKER, [MEMORY]: { out: '4010000000\n' } });
  expect(await setUp({}, ['--check'])).toMatchObject({
    status: 0,
    error: [
      'warning  Docker has 4.0 GB of memory and the stack wants 6; servers may be killed: set memory=6GB under [wsl2] in %UserProfile%\\.wslconfig on Windows, then run there: wsl --shutdown',
    ],
  });
});
