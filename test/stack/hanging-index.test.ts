import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { askOracle } from '../oracle/compare.ts';
import { type FaultProxy, startFaultProxy } from './elasticsearch-proxy.ts';
import {
  type Environment,
  eventlake,
  json,
  outcomeOf,
  realServers,
  start,
} from './end-to-end-environment.ts';
import { ingestedFile } from './ingested-file.ts';

jest.setTimeout(120_000);

let environment: Environment;
let proxy: FaultProxy;
let file: string;
beforeEach(async () => {
  environment = await realServers();
  proxy = await startFaultProxy(environment.index?.url ?? '');
  file = await ingestedFile(environment);
});
afterEach(async () => {
  await proxy.close();
  await environment.remove();
});

/** A command whose index is behind the proxy. */
function behindProxy(...args: string[]) {
  const child = start(environment, args, { ELASTICSEARCH_URL: proxy.url, BATCH_SECONDS: '1' });
  return { child, outcome: outcomeOf(child) };
}

/** Whether all of the log is in the lake, and the profiles are computed from it. */
async function isModelled(): Promise<boolean> {
  const status = await json<{ lag: number; profilesUpToDate: boolean }>(environment, ['status']);
  return status.lag === 0 && status.profilesUpToDate;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(100);
}

test('a follower archives and models while the index hangs, and SIGTERM ends it without its answer', async () => {
  proxy.harm = () => 'silence';
  const { child, outcome } = behindProxy('process', '--follow');
  await until(() => proxy.requests.length > 0);
  for (let round = 0; round < 2; round += 1) {
    await json(environment, ['ingest', '--file', file, '--again']);
    await until(isModelled);
  }
  child.kill('SIGTERM');
  expect(await outcome).toMatchObject({ code: 0 });

  await json(environment, ['process']);
  const ingestions = Array.from({ length: 3 }, () => ({ file, name: 'events.csv' }));
  const { lake, index } = environment;
  expect((await askOracle({ ingestions, partitions: 4, lake, index })).differences).toEqual([]);
});

test.each([['process'], ['run']])(
  'SIGTERM ends %s while the index hangs; the next one publishes',
  async (command) => {
    proxy.harm = ({ path }) => (path.includes('_bulk') ? 'silence' : undefined);
    const { child, outcome } = behindProxy(command, ...(command === 'run' ? ['--file', file] : []));
    await until(() => proxy.requests.some(({ path }) => path.includes('_bulk')));
    child.kill('SIGTERM');
    const ended = await outcome;
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stdout + ended.stderr).toContain('run again to continue');
    await json(environment, ['process']);
    expect(await eventlake(environment, ['audit'])).toMatchObject({ code: 0 });
  },
);
