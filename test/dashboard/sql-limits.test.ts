import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Shown, SMALL } from './fixtures.ts';

let shown: Shown;
let port: number;
beforeAll(async () => {
  shown = await Shown.open({ milliseconds: 4000 });
  await shown.run(SMALL);
  port = Number(new URL(await shown.dashboard.server.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => shown.close());

const ENDLESS = "SELECT repeat('x', 1000) FROM range(1000000000)";

/** Asks for a download, reads its beginning, and then nothing more. */
async function stalledDownload(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const body = JSON.stringify({ sql: ENDLESS });
  socket.write(
    `POST /api/sql/csv HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.pause();
      if (String(data).startsWith('HTTP/1.1 200')) resolve();
      else reject(new Error(String(data)));
    });
  });
  return socket;
}

/** Reads the rest; resolves with its last bytes when the connection ends, in whichever way. */
async function lastBytes(socket: Socket): Promise<string> {
  let last = '';
  socket.on('data', (data) => {
    last = (last + data).slice(-10);
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.once('error', () => {});
  socket.resume();
  await closed;
  return last;
}

test('downloads that nobody reads give their places back, and are ended', async () => {
  const stalled = await Promise.all([stalledDownload(), stalledDownload()]);
  expect(await shown.ask('/api/sql', { sql: 'SELECT 1' })).toMatchObject({ status: 503 });
  let status = 503;
  while (status === 503) {
    await sleep(200);
    ({ status } = await shown.ask('/api/sql', { sql: 'SELECT 1' }));
  }
  expect(status).toBe(200);
  const left = (await readdir(shown.session.temporary)).filter((name) => name.startsWith('sandbox-'));
  expect(left).toEqual([]);
  const { server } = shown.dashboard.server;
  const connections = promisify(server.getConnections.bind(server));
  while ((await connections()) > 0) await sleep(200);
  // The last chunk of a whole answer is empty; this one was cut off.
  for (const socket of stalled) expect(await lastBytes(socket)).not.toMatch(/0\r\n\r\n$/);
}, 60_000);
