import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from './free-port.ts';
import { type Launch, launchServer, runningServer, stopServer } from './server.ts';

// A small HTTP server in a process of its own stands for any server: what is tested is how processes are
// kept.
const SERVE = `
  const [port] = process.argv.slice(1).map(Number);
  console.log('listening on', port);
  require('node:http').createServer((_, response) => response.end('ok')).listen(port, '127.0.0.1');
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventlake-server-'));
});
afterEach(async () => {
  const left = runningServer(folder);
  if (left !== undefined) await stopServer(left, 0);
  rmSync(folder, { recursive: true });
});

async function launchOf(program: string, changes: Partial<Launch> = {}): Promise<Launch> {
  const port = await freePort();
  return {
    name: 'minio',
    port,
    folder,
    command: process.execPath,
    args: ['-e', program, String(port), folder],
    isReady: async () => (await fetch(`http://127.0.0.1:${port}`)).ok,
    timeoutSeconds: 20,
    ...changes,
  };
}

test('a started server answers, is found again by its folder, and is gone after it was stopped', async () => {
  const server = await launchServer(await launchOf(SERVE));
  expect((await fetch(`http://127.0.0.1:${server.port}`)).status).toBe(200);
  expect(runningServer(folder)).toEqual(server);
  await expect(launchServer(await launchOf(SERVE))).rejects.toMatchObject({
    code: 'services:already_running',
  });

  await stopServer(server);
  await expect(fetch(`http://127.0.0.1:${server.port}`)).rejects.toThrow();
  expect(runningServer(folder)).toBeUndefined();
  await stopServer(server);
});

test('a server that ends before it is ready is reported with its status and the end of its log', async () => {
  const launch = await launchOf(
    `console.log('reading settings'); console.error('port is taken'); process.exit(3);`,
  );
  await expect(launchServer(launch)).rejects.toMatchObject({
    code: 'services:start_failed',
    message: expect.stringMatching(
      /^minio ended with status 3 [\s\S]*minio\.log:\n {2}reading settings\n {2}port is taken$/,
    ),
  });
  expect(runningServer(folder)).toBeUndefined();
});

test('a server that is not ready in time is reported, and its process ended', async () => {
  const launch = await launchOf(SERVE, { timeoutSeconds: 1, isReady: async () => false });
  await expect(launchServer(launch)).rejects.toMatchObject({
    message: expect.stringMatching(/^minio was not ready after 1 seconds[\s\S]*listening on/),
  });
  await expect(fetch(`http://127.0.0.1:${launch.port}`)).rejects.toThrow();
});

test('a program that does not exist is reported', async () => {
  const launch = await launchOf('', { command: '/nowhere/minio' });
  await expect(launchServer(launch)).rejects.toMatchObject({
    message: expect.stringContaining('minio could not be started: spawn /nowhere/minio ENOENT'),
  });
});

test('a server that ignores the request to end is ended by force', async () => {
  const server = await launchServer(await launchOf(`process.on('SIGTERM', () => {}); ${SERVE}`));
  await stopServer(server, 0.2);
  await expect(fetch(`http://127.0.0.1:${server.port}`)).rejects.toThrow();
});

test("a pid that now belongs to another program is not taken for the server's", async () => {
  const server = await launchServer(await launchOf(SERVE));
  const stranger = { ...server, folder: join(folder, 'another') };
  await stopServer(stranger, 0);
  expect(runningServer(folder)).toEqual(server);
});

test('a port that something listens on is not free', async () => {
  const ports = new Set<number>();
  for (let i = 0; i < 20; i++) ports.add(await freePort());
  expect(ports.size).toBeGreaterThan(15);
  const [port] = ports;
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
  const random = Math.random;
  // First the taken port, then another one.
  const draws = [((port ?? 0) - 20_000) / 12_000 + 1e-9, 0.5];
  Math.random = () => draws.shift() ?? random();
  try {
    expect(await freePort()).not.toBe(port);
  } finally {
    Math.random = random;
    await new Promise((resolve) => holder.close(resolve));
  }
});

test('no two servers that are starting get one port', async () => {
  const random = Math.random;
  // From few ports, so that many draw the same at the same time; others than in the run before.
  const first = random() * 11_400;
  Math.random = () => (first + random() * 600) / 12_000;
  try {
    const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()));
    expect(new Set(ports).size).toBe(ports.length);
  } finally {
    Math.random = random;
  }
});
