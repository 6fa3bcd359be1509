import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CODESPACE, COMPOSE, DOCKER, Machine, OWN, WSL } from './machine.ts';

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
const local = () => parseEnv(machine.read('.env.local') ?? '');
const port = (name: string) => machine.ports[name] ?? 0;

describe('the environment is recognised', () => {
  const localhost = () => ({
    KIBANA_URL: `http://localhost:${port('KIBANA_PORT')}`,
    MINIO_CONSOLE_URL: `http://localhost:${port('MINIO_CONSOLE_PORT')}`,
    ELASTICSEARCH_PUBLIC_URL: `http://localhost:${port('ELASTICSEARCH_PORT')}`,
  });
  const written = () =>
    Object.fromEntries(
      Object.entries(local()).filter(
        ([name]) => !/^(MINIO_(ROOT|ACCESS|SECRET)_|KIBANA_ENCRYPTION_)/.test(name),
      ),
    );

  test.each([
    ['linux', 'Linux', 'Linux version 6.1.0-28-amd64'],
    ['wsl', 'Linux', WSL],
    ['wsl', 'Linux', 'Linux version 4.4.0-19041-Microsoft'],
    ['macos', 'Darwin', undefined],
  ])('%s', async (environment, system, version) => {
    machine.kernel(system, version);
    const { status, error } = await setUp();
    expect({ status, error }).toEqual({ status: 0, error: [] });
    expect(written()).toEqual({ ENVIRONMENT: environment, ...localhost() });
  });

  test('codespaces', async () => {
    machine.kernel('Linux', WSL);
    const { status, out, error } = await setUp(CODESPACE);
    expect({ status, error }).toEqual({ status: 0, error: [] });
    const url = (name: string) => `https://fluffy-disco-x5-${port(name)}.preview.example.dev`;
    expect(written()).toEqual({
      ENVIRONMENT: 'codespaces',
      KIBANA_URL: url('KIBANA_PORT'),
      MINIO_CONSOLE_URL: url('MINIO_CONSOLE_PORT'),
      ELASTICSEARCH_PUBLIC_URL: url('ELASTICSEARCH_PORT'),
      COMPOSE_FILE: 'docker-compose.yml:docker-compose.codespaces.yml',
    });
    expect(out).toContain(`Kibana will be at ${url('KIBANA_PORT')}`);
  });

  test('codespaces that do not name their domain have the usual one', async () => {
    await setUp({ CODESPACES: 'true', CODESPACE_NAME: 'fluffy' });
    expect(local().KIBANA_URL).toBe(`https://fluffy-${port('KIBANA_PORT')}.app.github.dev`);
  });

  test('a codespace without a name has the addresses of localhost, and says so', async () => {
    const { status, error } = await setUp({ CODESPACES: 'true' });
    expect({ status, error }).toEqual({
      status: 0,
      error: [
        'warning  CODESPACE_NAME is not set, so addresses are those of localhost: open them from the PORTS tab',
      ],
    });
    expect(written()).toMatchObject({ ENVIRONMENT: 'codespaces', ...localhost() });
  });

  test('a folder that moves to another machine follows it, there and back', async () => {
    await setUp();
    const first = machine.read('.env.local');
    await setUp(CODESPACE);
    expect(local()).toMatchObject({ ENVIRONMENT: 'codespaces', COMPOSE_FILE: expect.any(String) });
    await setUp();
    expect(machine.read('.env.local')).toBe(first);
  });

  test('another system is refused before anything is written', async () => {
    machine.kernel('MINGW64_NT-10.0');
    const { status, error } = await setUp();
    expect({ status, error }).toEqual({
      status: 1,
      error: [
        'problem  MINGW64_NT-10.0 is none of Linux, macOS and WSL: on Windows, install WSL (wsl --install) and run this inside it',
      ],
    });
    expect(machine.read('.env.local')).toBeNull();
  });
});

describe('.env.local', () => {
  test('holds random credentials that only its owner can read', async () => {
    await setUp();
    const first = local();
    expect(first).toMatchObject({
      MINIO_ROOT_USER: expect.stringMatching(/^admin-[0-9a-f]{12}$/),
      MINIO_ROOT_PASSWORD: expect.stringMatching(/^[0-9a-f]{32}$/),
      // MinIO takes user names of 3 to 20 and passwords of 8 to 40 characters.
      MINIO_ACCESS_KEY: expect.stringMatching(/^eventlake-[0-9a-f]{10}$/),
      MINIO_SECRET_KEY: expect.stringMatching(/^[0-9a-f]{32}$/),
      KIBANA_ENCRYPTION_KEY: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(first.MINIO_SECRET_KEY).not.toBe(first.MINIO_ROOT_PASSWORD);
    expect(statSync(join(machine.folder, 'project', '.env.local')).mode & 0o777).toBe(0o600);

    const other = await Machine.create();
    other.fake('docker', DOCKER);
    await other.run('setup-environment.sh');
    expect(parseEnv(other.read('.env.local') ?? '').MINIO_ROOT_PASSWORD).not.toBe(first.MINIO_ROOT_PASSWORD);
    await other.remove();
  });

  test('is closed to others when it was left open', async () => {
    await setUp();
    const file = join(machine.folder, 'project', '.env.local');
    chmodSync(file, 0o644);
    const before = machine.read('.env.local');
    await setUp();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(machine.read('.env.local')).toBe(before);
  });

  test('is not touched by a second run', async () => {
    await setUp();
    const file = join(machine.folder, 'project', '.env.local');
    const [before, { ino, mtimeMs }] = [machine.read('.env.local'), statSync(file)];
    const { out } = await setUp();
    expect(out.join('\n')).not.toMatch(/wrote/);
    expect(machine.read('.env.local')).toBe(before);
    expect(statSync(file)).toMatchObject({ ino, mtimeMs });
    expect(readdirSync(join(machine.folder, 'project')).sort()).toEqual([
      '.env',
      '.env.local',
      'configure-ports.sh',
      'setup-environment.sh',
      'stack.sh',
    ]);
  });

  test('keeps every byte that a user wrote', async () => {
    const mine =
      '# mine\r\n\n  KAFKA_PORT = 29093 \nexport LOG_LEVEL="debug" # loud\nMINIO_SECRET_KEY=hunter2hunter2\nnot a setting\\\n\tX=\xff\xe4*$(x)`y`\n\n#KIBANA_URL=http://localhost:1\nlast line without an end';
    machine.write('.env.local', mine);
    await setUp();
    const first = machine.read('.env.local') ?? '';
    expect(first.slice(0, mine.length)).toBe(mine);
    expect(first[mine.length]).toBe('\n');
    await setUp(CODESPACE);
    expect(machine.read('.env.local')?.startsWith(`${mine}\n`)).toBe(true);
    expect(local()).toMatchObject({ MINIO_SECRET_KEY: 'hunter2hunter2', ENVIRONMENT: 'codespaces' });
    await setUp();
    expect(machine.read('.env.local')).toBe(first);
  });

  test('keeps lines that a user puts behind and between those of the script', async () => {
    await setUp();
    const text = machine.read('.env.local') ?? '';
    machine.write(
      '.env.local',
      text.replace('\nENVIRONMENT=', '\n# between\nENVIRONMENT=').concat('MINE=1\n'),
    );
    await setUp(CODESPACE);
    const kept = (machine.read('.env.local') ?? '')
      .split('\n')
      .filter((line) => !line.includes('  # found: '));
    expect(kept.slice(-4)).toEqual([
      expect.stringMatching(/^KIBANA_ENCRYPTION_KEY=/),
      '# between',
      'MINE=1',
      '',
    ]);
  });

  test.each([
    ['the value changed', (line: string) => line.replace(/=\S+/, '=https://kibana.example.org')],
    ['the whole line changed', () => 'KIBANA_URL=https://kibana.example.org'],
    ['the value emptied', () => 'KIBANA_URL='],
  ])('with %s by a user keeps it', async (_, edit) => {
    await setUp();
    const edited = (machine.read('.env.local') ?? '').replace(/^KIBANA_URL=.*$/m, edit);
    machine.write('.env.local', edited);
    await setUp();
    expect(machine.read('.env.local')?.split('\n').sort()).toEqual(edited.split('\n').sort());
    await setUp(CODESPACE);
    const lines = machine.read('.env.local')?.match(/^KIBANA_URL=.*$/gm);
    expect(lines).toEqual([edited.match(/^KIBANA_URL=.*$/m)?.[0]]);
  });

  test('leaves out what a user has set in .env', async () => {
    await setUp();
    const env = machine.read('.env') ?? '';
    machine.write(
      '.env',
      `${env.replace('ENVIRONMENT=local', 'ENVIRONMENT=staging')}KIBANA_URL=https://kibana.example.org\n`,
    );
    const { out } = await setUp();
    expect(local()).not.toHaveProperty('ENVIRONMENT');
    expect(local()).not.toHaveProperty('KIBANA_URL');
    expect(local()).toHaveProperty('MINIO_CONSOLE_URL');
    expect(out).toContain('Kibana will be at https://kibana.example.org');
  });

  test('is written although Docker is missing, and never by --check', async () => {
    machine.fake('docker', { [COMPOSE]: { out: '2.40.3\n' }, [OWN]: {} });
    const before = readdirSync(join(machine.folder, 'project'));
    expect((await setUp({}, ['--check'])).status).toBe(1);
    expect(readdirSync(join(machine.folder, 'project'))).toEqual(before);
    expect((await setUp()).status).toBe(1);
    expect(local()).toHaveProperty('MINIO_ROOT_PASSWORD');
  });
});

test('--get prints what docker compose would take: the shell, else .env.local, else .env', async () => {
  const get = async (name: string, env = {}) => (await setUp(env, ['--get', name])).out.join('\n');
  machine.write('.env', 'A=1\nA=2 # two\nB="b # b" \nC=\'c\'\nD=#no\nE=e#e\nEE=wrong\n');
  expect(await Promise.all(['A', 'B', 'C', 'E', 'F'].map((name) => get(name)))).toEqual([
    '2',
    'b # b',
    'c',
    'e#e',
    '',
  ]);
  machine.write('.env.local', 'export A=3\r\nB=\n');
  expect(await get('A')).toBe('3');
  expect(await get('B')).toBe('b # b');
  expect(await get('A', { A: '4' })).toBe('4');
});

test('other arguments are wrong usage', async () => {
  for (const args of [['--chek'], ['--get'], ['--check', 'x']]) {
    const { status, error } = await setUp({}, args);
    expect({ status, first: error[0] }).toEqual({ status: 2, first: expect.stringMatching(/^usage: /) });
  }
  expect(machine.read('.env.local')).toBeNull();
  expect((await setUp({}, ['--help'])).status).toBe(0);
});
