import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Home } from '../cli/fixtures.ts';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';

jest.setTimeout(60_000);

let home: Home;
let servers: Record<string, string>;
/** Before Kafka. */
let proxy: TcpProxy;

beforeAll(async () => {
  home = await Home.create();
  const { address } = await locate(POSTGRES);
  const of = (name: string) => process.env[`EVENTLAKE_TEST_${name}`] ?? '';
  proxy = await startTcpProxy(Number(of('KAFKA').split(':')[1]));
  servers = {
    KAFKA_BROKERS: `127.0.0.1:${proxy.port},${of('KAFKA')}`,
    MINIO_ENDPOINT: of('MINIO'),
    MINIO_BUCKET: 'no-such-bucket-yet',
    MINIO_ACCESS_KEY: of('MINIO_ACCESS_KEY'),
    MINIO_SECRET_KEY: of('MINIO_SECRET_KEY'),
    ELASTICSEARCH_URL: of('ELASTICSEARCH'),
    WAREHOUSE_URL: address,
  };
});
afterAll(async () => {
  await proxy.close();
  await rm(home.folder, { recursive: true });
});

/** The exit code, and the version or the error's code of each server, in the order of the settings. */
async function health(settings: Record<string, string> = {}) {
  const { code, stdout } = await home.run(['health', '--json', '--timeout', '5'], {
    ...servers,
    ...settings,
  });
  const said: { version: string | null; error: { code: string } | null }[] = JSON.parse(stdout).servers;
  return { code, said: said.map(({ version, error }) => error?.code ?? version) };
}

test('real servers are well, and say their versions', async () => {
  const version = expect.stringMatching(/^\d+\.\d+/);
  expect(await health()).toEqual({ code: 0, said: [null, null, null, version, version] });
});

test('one broker that hangs is found beside one that is well, and so are wrong passwords', async () => {
  proxy.inject({ kind: 'hang' });
  const { WAREHOUSE_URL = '' } = servers;
  const wrong = {
    MINIO_SECRET_KEY: 'wrong',
    WAREHOUSE_URL: WAREHOUSE_URL.replace(/:[^:@]*@/, ':wrong@'),
  };
  expect(await health(wrong)).toEqual({
    code: 1,
    said: [
      'health:timeout',
      null,
      'object:forbidden',
      expect.stringMatching(/^\d/),
      'warehouse:unauthorized',
    ],
  });
});
