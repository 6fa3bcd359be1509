import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { waitFor } from '../wait-for.ts';
import { type Environment, json, outcomeOf, realServers, start } from './end-to-end-environment.ts';
import { ingestedFile } from './ingested-file.ts';

jest.setTimeout(300_000);

let environment: Environment;
let proxy: TcpProxy;
let file: string;
beforeEach(async () => {
  environment = await realServers();
  proxy = await startTcpProxy(Number(new URL(environment.variables.MINIO_ENDPOINT ?? '').port));
  file = await ingestedFile(environment);
});
afterEach(async () => {
  await proxy.close();
  await environment.remove();
});

test('SIGTERM ends a follower whose lake hangs; the next one commits its batch', async () => {
  const behind = { MINIO_ENDPOINT: `http://127.0.0.1:${proxy.port}`, BATCH_SECONDS: '1' };
  const child = start(environment, ['process', '--follow'], behind);
  const outcome = outcomeOf(child);
  await waitFor(async () => (await json<{ lag: number }>(environment, ['status'])).lag === 0);
  const hang = proxy.inject({ kind: 'hang' });
  await json(environment, ['ingest', '--file', file, '--again']);
  await waitFor(() => hang.fired > 0);
  child.kill('SIGTERM');
  const { code, stderr } = await outcome;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('after the signal to stop [object:unreachable]'),
  });
  // What ends a process by force says this.
  expect(stderr).not.toContain('in the middle of a batch');
  hang.heal();
  await json(environment, ['process']);
  expect(await json(environment, ['audit'])).toMatchObject({ balanced: true });
});
