import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Server;
let proxy: TcpProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startTcpProxy((server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  server.close();
});

/** A client of the echo server, what came back to it, and how its connection ended. */
function open() {
  const socket = connect(proxy.port, '127.0.0.1');
  clients.push(socket);
  let got = Buffer.of();
  let ending: string | undefined;
  socket.on('data', (bytes) => {
    got = Buffer.concat([got, bytes]);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending ??= error.code;
  });
  socket.on('close', () => {
    ending ??= 'closed';
  });
  return {
    socket,
    async until(bytes: number): Promise<string> {
      while (got.length < bytes) await once(socket, 'data');
      return got.toString();
    },
    async ending(): Promise<string> {
      if (!socket.closed) await once(socket, 'close').catch(() => {});
      return `${got} ${ending}`;
    },
  };
}

test('bytes pass both ways, also after one side has said that it sends no more', async () => {
  const big = Buffer.alloc(5_000_000, 'abcdefg');
  const { socket, until, ending } = open();
  socket.end(big);
  expect((await until(big.length)) === big.toString()).toBe(true);
  expect(await ending()).toMatch(/ closed$/);
});

test('hang holds what comes, on open and on new connections, until it is healed', async () => {
  const old = open();
  old.socket.write('a');
  await old.until(1);
  const hang = proxy.inject({ kind: 'hang' });
  const fresh = open();
  old.socket.write('b');
  fresh.socket.write('c');
  while (hang.fired < 2) await new Promise(setImmediate);
  hang.heal();
  expect(await old.until(2)).toBe('ab');
  expect(await fresh.until(1)).toBe('c');
});

test('a stall comes after so many bytes of answers', async () => {
  const stall = proxy.inject({ kind: 'hang', afterBytes: 3 });
  const { socket, until } = open();
  socket.write('12345');
  expect(await until(3)).toBe('123');
  expect(stall.fired).toBe(1);
  stall.heal();
  expect(await until(5)).toBe('12345');
});

test('reset ends as many connections as were asked for', async () => {
  const reset = proxy.inject({ kind: 'reset' }, 2);
  for (let n = 0; n < 2; n++) {
    const { socket, ending } = open();
    socket.write('a');
    expect(await ending()).toBe(' ECONNRESET');
  }
  const { socket, until } = open();
  socket.write('a');
  expect(await until(1)).toBe('a');
  expect(reset.fired).toBe(2);
});

test('close ends an answer in its midst without an error', async () => {
  const close = proxy.inject({ kind: 'close', afterBytes: 4 });
  const { socket, ending } = open();
  socket.write('123456');
  expect(await ending()).toBe('1234 closed');
  expect(close.fired).toBe(1);
});

test('slow passes so many bytes a second', async () => {
  const slow = proxy.inject({ kind: 'slow', bytesPerSecond: 100_000 });
  const { socket, until } = open();
  const began = performance.now();
  socket.write(Buffer.alloc(30_000, 'a'));
  await until(30_000);
  // 0.3 s to the server; the beginning of the answer comes meanwhile.
  expect(performance.now() - began).toBeGreaterThan(290);
  expect(slow.fired).toBeGreaterThan(0);
});

test('a server that is not there resets the connection, and one at another port is used from then on', async () => {
  const { target } = proxy;
  proxy.target = 1;
  const lost = open();
  lost.socket.write('a');
  expect(await lost.ending()).toBe(' ECONNRESET');
  proxy.target = target;
  const found = open();
  found.socket.write('a');
  expect(await found.until(1)).toBe('a');
});
