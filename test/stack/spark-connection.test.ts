import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openSpark, type SparkOptions, type SparkSession } from '../../adapters/spark/session.ts';
import { startTcpProxy, type TcpFault, type TcpProxy } from '../faults/tcp-proxy.ts';
import { runCommand, tryCommand } from '../servers/command.ts';
import { requireJdk } from '../servers/prerequisites.ts';
import { locate, SPARK } from '../servers/test-servers.ts';

jest.setTimeout(600_000);

let remote: string;
let target: number;
let proxy: TcpProxy;
beforeAll(async () => {
  remote = (await locate(SPARK)).address;
  target = Number(new URL(remote).port);
  proxy = await startTcpProxy(target);
});
afterAll(async () => {
  await proxy?.close();
});

/** The server's address behind another port. */
const at = (port: number, more = '') => `${remote.replace(`:${target}`, `:${port}`)}${more}`;

async function through<T>(work: (session: SparkSession) => Promise<T>, options?: SparkOptions): Promise<T> {
  const session = await openSpark(at(proxy.port), options);
  try {
    return await work(session);
  } finally {
    proxy.heal();
    await session.close();
  }
}

const CUTS: TcpFault[] = [
  { kind: 'reset', afterBytes: 0 },
  { kind: 'reset', afterBytes: 100_000 },
  { kind: 'close', afterBytes: 2_000_000 },
];

test.each(CUTS)('an answer that breaks off ($kind after $afterBytes bytes) resumes where it broke', (cut) =>
  through(async (session) => {
    const fault = proxy.inject(cut, 3);
    const rows = await session.rows("SELECT id, repeat('x', 100) AS text FROM range(0, 60000, 1, 3)");
    expect(fault.fired).toBeGreaterThan(0);
    // Each row came once.
    expect(rows).toHaveLength(60_000);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(60_000);
  }),
);

test('a command whose answer breaks off again and again runs once', () =>
  through(async (session) => {
    await session.run('DROP TABLE IF EXISTS once');
    const fault = proxy.inject({ kind: 'reset', afterBytes: 0 }, 3);
    // A second run would fail: the table is there.
    await session.run('CREATE TABLE once USING parquet AS SELECT id FROM range(0, 1000, 1, 2)');
    expect(fault.fired).toBe(3);
    expect(await session.rows('SELECT count(*) AS n FROM once')).toEqual([{ n: 1000n }]);
    await session.run('DROP TABLE once');
  }));

test('a connection that goes silent is given up, and the answer comes by another', () =>
  through(
    async (session) => {
      const fault = proxy.inject({ kind: 'hang', afterBytes: 200_000 }, 2);
      const rows = await session.rows("SELECT id, repeat('x', 100) AS text FROM range(0, 60000, 1, 3)");
      expect(fault.fired).toBeGreaterThan(0);
      expect(new Set(rows.map(({ id }) => id)).size).toBe(60_000);
    },
    { deadlines: { silence: 1000 } },
  ));

test('a server that stays away is unreachable once patience has run out', () =>
  through(
    async (session) => {
      proxy.inject({ kind: 'reset' });
      await expect(session.rows('SELECT 1 AS one')).rejects.toMatchObject({
        code: 'spark:unreachable',
        message: expect.stringContaining(`Spark at 127.0.0.1:${proxy.port}: `),
        retriable: true,
      });
    },
    { deadlines: { patience: 1500 } },
  ));

test('an address where nothing listens, or nothing answers, is reported with the address and what to do', async () => {
  const closed = await startTcpProxy(target);
  await closed.close();
  await expect(openSpark(at(closed.port))).rejects.toMatchObject({
    code: 'spark:unreachable',
    message: expect.stringMatching(`^Spark at 127.0.0.1:${closed.port}: .*ECONNREFUSED`),
    hint: expect.stringContaining('SPARK_REMOTE'),
  });
  proxy.inject({ kind: 'hang' });
  try {
    await expect(openSpark(at(proxy.port), { deadlines: { connect: 500 } })).rejects.toMatchObject({
      code: 'spark:unreachable',
      message: expect.stringContaining('no answer in 0.5 s'),
    });
  } finally {
    proxy.heal();
  }
});

test.each([
  ['another token', 'token=wrong-token'],
  ['no token', ''],
])('%s is unauthorized, and no token is shown', async (_, token) => {
  const failure = await openSpark(`sc://127.0.0.1:${target}/;${token}`).catch((error) => error);
  expect(failure).toMatchObject({ code: 'spark:unauthorized', hint: expect.stringContaining('token') });
  expect(`${failure.message}${failure.hint}`).not.toContain('wrong-token');
});

test('TLS: with the certificate of the server the session works, without it there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spark-tls-'));
  const server = await startTls(folder, target);
  try {
    const { port } = server.address() as AddressInfo;
    const own = join(import.meta.dirname, 'spark-process.ts');
    const ask = async (address: string, env: Record<string, string>) =>
      (await tryCommand(process.execPath, [own, address, 'SELECT 1 AS one'], { env })).output;
    const secure = at(port, ';use_ssl=true').replace('127.0.0.1', 'localhost');
    const trusting = { NODE_EXTRA_CA_CERTS: join(folder, 'certificate.pem') };
    expect(await ask(secure, trusting)).toContain('[{"one":1}]');
    expect(await ask(secure, {})).toMatch(/spark:unreachable.*certificate/);
    expect(await ask(at(port), {})).toMatch(/spark:unreachable/);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});

/** Spark Connect itself speaks no TLS: it has a proxy before it that does. */
async function startTls(folder: string, port: number): Promise<Server> {
  const { home } = await requireJdk();
  const keytool = join(home, 'bin', 'keytool');
  const store = ['-keystore', join(folder, 'store.p12'), '-storetype', 'PKCS12', '-storepass', 'test-secret'];
  const name = ['-alias', 'spark', '-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost', '-keyalg', 'EC'];
  await runCommand(keytool, ['-genkeypair', ...name, ...store]);
  await writeFile(
    join(folder, 'certificate.pem'),
    await runCommand(keytool, ['-exportcert', '-rfc', '-alias', 'spark', ...store]),
  );
  const pfx = await readFile(join(folder, 'store.p12'));
  const server = createServer({ pfx, passphrase: 'test-secret', ALPNProtocols: ['h2'] }, (client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      socket.pipe(other);
      socket.on('error', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
