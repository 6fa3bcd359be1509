import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addressOf, ended, Home } from './fixtures.ts';

let home: Home;
beforeAll(async () => {
  home = await Home.withData();
});
afterAll(() => rm(home.folder, { recursive: true }));

describe('dashboard', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('serves the lake until %s, and ends with 0', async (signal) => {
    await home.run(['run']);
    const child = home.start(['dashboard', '--port', '0', '--json']);
    const end = ended(child);
    const address = await addressOf(child);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const answer = await fetch(`${address}/api/entities/1515915625519388267`);
    expect(await answer.json()).toMatchObject({ user_id: '1515915625519388267', total_spent: '31.90' });
    // An open stream does not hold it up.
    const stream = await fetch(`${address}/api/pipeline/stream`);
    child.kill(signal);
    expect(await end).toBe(0);
    await stream.body?.cancel().catch(() => {});
  });

  test('writes nothing where there is nothing', async () => {
    const child = home.start(['dashboard', '--port', '0'], { EVENTLAKE_HOME: join(home.folder, 'other') });
    const end = ended(child);
    const address = await addressOf(child);
    expect((await fetch(`${address}/api/overview`)).status).toBe(404);
    expect((await fetch(`${address}/api/pipeline`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await end).toBe(0);
    const left = await home.run(['status', '--json'], { EVENTLAKE_HOME: join(home.folder, 'other') });
    expect(JSON.parse(left.stdout)).toMatchObject({ partitions: [], tables: [], files: [] });
  });

  test('beyond this machine it warns, and asks for a token, which it prints', async () => {
    const child = home.start(['dashboard', '--port', '0', '--host', '0.0.0.0']);
    const [printed, warned] = [text(child.stdout), text(child.stderr)];
    const address = await addressOf(child);
    expect((await fetch(`${address}/api/pipeline`)).status).toBe(401);
    child.kill('SIGTERM');
    expect(await printed).toMatch(
      /^dashboard of electronics.*: http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}\n$/,
    );
    expect(await warned).toMatch(/^warning: --host 0\.0\.0\.0 .* not encrypted\n {2}→ /m);
  });

  test('a published port decides, where it is said: no token on loopback, one elsewhere', async () => {
    const reach = async (reachedAt: string) => {
      const child = home.start(['dashboard', '--port', '0', '--host', '0.0.0.0', '--reached-at', reachedAt]);
      const end = ended(child);
      const [printed, warned] = [text(child.stdout), text(child.stderr)];
      const { port } = new URL(await addressOf(child));
      const answers = ['/api/datasets', '/healthz'].map(
        async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status,
      );
      const statuses = await Promise.all(answers);
      child.kill('SIGTERM');
      await end;
      return {
        statuses,
        hasToken: (await printed).includes('token='),
        warns: (await warned).includes('warning'),
      };
    };
    expect(await reach('127.0.0.1')).toEqual({ statuses: [200, 200], hasToken: false, warns: false });
    expect(await reach('192.168.1.7')).toEqual({ statuses: [401, 200], hasToken: true, warns: true });
  });

  test('a token of the settings is asked for on any address, and not printed', async () => {
    const token = 'a-token-of-a-test-0123456789';
    const file = join(home.folder, 'token');
    await writeFile(file, `${token}\n`);
    for (const variables of [{ DASHBOARD_TOKEN: token }, { DASHBOARD_TOKEN_FILE: file }]) {
      const child = home.start(['dashboard', '--port', '0'], variables);
      const said = Promise.all([text(child.stdout), text(child.stderr)]);
      const address = await addressOf(child);
      expect((await fetch(`${address}/api/pipeline`)).status).toBe(401);
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(`${address}/api/pipeline`, { headers })).status).toBe(200);
      child.kill('SIGTERM');
      expect((await said).join('')).not.toContain(token);
    }
  });

  test.each<Record<string, string>>([
    { DASHBOARD_TOKEN: 'too-short' },
    { DASHBOARD_TOKEN: 'long enough, but with spaces' },
    { DASHBOARD_TOKEN_FILE: 'no-such-file' },
    { DASHBOARD_TOKEN: 'a-token-of-a-test-0123456789', DASHBOARD_TOKEN_FILE: 'file' },
  ])('%j is no token', async (variables) => {
    const { code, stdout, stderr } = await home.run(['dashboard', '--port', '0'], variables);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('[dashboard:bad_token]');
    expect(stderr).not.toContain(variables.DASHBOARD_TOKEN ?? '    at ');
  });

  test('a port in use is one clear line', async () => {
    const server: Server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const { code, stderr } = await home.run(['dashboard', '--port', String(port)]);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^error: Port ${port} of 127.0.0.1 is in use \\[dashboard:port_in_use\\]\n {2}→ .*--port`),
    );
  });

  describe('of several datasets', () => {
    let child: ReturnType<Home['start']>;
    let end: Promise<number | null>;
    let address: string;
    let datasets: string;
    beforeAll(async () => {
      await home.run(['run']);
      datasets = join(home.folder, 'datasets');
      await mkdir(join(datasets, 'shop'), { recursive: true });
      await mkdir(join(datasets, 'wrong'), { recursive: true });
      await writeFile(
        join(datasets, 'shop', 'dataset.yml'),
        'name: shop\nkey: id\ntime: seen\ncolumns:\n  - { name: id, type: string, required: true }\n  - { name: seen, type: timestamp, required: true }\n',
      );
      await writeFile(join(datasets, 'wrong', 'dataset.yml'), 'name: wrong\n');
      await home.run(
        ['ingest', 'shop', '--file', await home.put('shop.csv', 'id,seen\na,2020-01-01T00:00:00Z\n')],
        {
          EVENTLAKE_DATASETS: datasets,
        },
      );
      child = home.start(['dashboard', '--port', '0'], { EVENTLAKE_DATASETS: datasets });
      end = ended(child);
      address = await addressOf(child);
    });
    afterAll(async () => {
      child.kill('SIGTERM');
      expect(await end).toBe(0);
    });

    test('each is served at its place, and listed with its views; one whose file is wrong is left out', async () => {
      const { datasets: listed } = (await (await fetch(`${address}/api/datasets`)).json()) as {
        datasets: { name: string; path: string; views: string[] }[];
      };
      expect(listed[0]).toMatchObject({
        name: 'electronics',
        path: '',
        views: ['overview', 'entities', 'pipeline', 'lake'],
      });
      expect(listed.find(({ name }) => name === 'shop')).toMatchObject({
        path: '/datasets/shop',
        views: ['overview', 'pipeline', 'lake'],
      });
      expect(listed.map(({ name }) => name)).not.toContain('wrong');
      const name = async (path: string) =>
        ((await (await fetch(`${address}${path}/api/dataset`)).json()) as { name: string }).name;
      expect([await name(''), await name('/datasets/shop')]).toEqual(['electronics', 'shop']);
      const pipeline = await fetch(`${address}/datasets/shop/api/pipeline`);
      expect(await pipeline.json()).toMatchObject({ status: { files: [{ file: 'shop.csv', rows: 1 }] } });
    });

    test('a question with a body reaches it, and so does a stream', async () => {
      const answer = await fetch(`${address}/datasets/shop/api/sql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sql: 'SELECT' }),
      });
      expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: 'lake:missing' } }]);
      const stream = await fetch(`${address}/datasets/shop/api/pipeline/stream`);
      expect(stream.headers.get('content-type')).toBe('text/event-stream');
      await stream.body?.cancel();
    });

    test('another name is 404', async () => {
      const unknown = await fetch(`${address}/datasets/wrong/api/dataset`);
      expect([unknown.status, await unknown.json()]).toMatchObject([
        404,
        { error: { code: 'dataset:unknown' } },
      ]);
    });
  });

  test('a topic of its own is for one dataset, which is then the only one', async () => {
    const child = home.start(['dashboard', '--port', '0'], { KAFKA_TOPIC: 'other' });
    const [said, address] = [text(child.stderr), await addressOf(child)];
    const { datasets } = (await (await fetch(`${address}/api/datasets`)).json()) as { datasets: object[] };
    expect(datasets).toMatchObject([{ name: 'electronics' }]);
    child.kill('SIGTERM');
    expect(await said).toContain('KAFKA_TOPIC');
  });

  test.each([
    [['dashboard', '--port', 'http']],
    [['dashboard', '--port', '65536']],
    [['dashboard', '--port', '-1']],
    [['dashboard', 'nothing']],
    [['dashboard', '--port', '0', '--host', 'no.such.host.invalid']],
  ])('wrong usage ends with 2: %j', async (args) => {
    const { code, stdout, stderr } = await home.run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toContain('    at ');
  });
});

test('demo in a terminal ends with the dashboard running, else says how to start it', async () => {
  const { stdout } = await home.run(['demo']);
  expect(stdout.trimEnd()).toMatch(/The dashboard: make dashboard$/);
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const child = spawn('script', ['-qefc', `exec ${process.execPath} -- ${main} demo`, '/dev/null'], {
    cwd: home.folder,
    env: { PATH: process.env.PATH, EVENTLAKE_HOME: join(home.folder, 'home') },
  });
  const end = ended(child);
  const address = await addressOf(child);
  expect((await fetch(`${address}/api/overview`)).status).toBe(200);
  // Ctrl-C, as the terminal sends it.
  child.stdin.write('\x03');
  expect(await end).toBe(0);
}, 120_000);
