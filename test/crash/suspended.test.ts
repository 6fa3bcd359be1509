import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, jest, test } from '@jest/globals';
import type { AuditReport } from '../../inspection/audit.ts';
import { askOracle } from '../oracle/compare.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  realServers,
  start,
} from '../stack/end-to-end-environment.ts';

jest.setTimeout(180_000);

const ROWS = 1000;

let environment: Environment;
let follower: ChildProcess;
afterEach(async () => {
  follower.kill('SIGKILL');
  await environment.remove();
});

/** What a process has said so far on standard error, from when this is called. */
function heard(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  child.stdout?.resume();
  return () => said;
}

/**
 * The follower's batch ends only after BATCH_SECONDS, so that it is stopped with a batch that has been begun.
 * The new lake has as many commits as the old one, so that the number of the follower's next commit is free
 * there.
 */
test.each([
  ['embedded', embedded],
  ['on real servers', realServers],
])('a follower that sleeps through a reset writes nothing into the new lake, %s', async (_, open) => {
  environment = await open();
  for (const [seed, name] of ['a.csv', 'b.csv', 'c.csv'].entries())
    await json(environment, ['generate', '--rows', `${ROWS}`, '--seed', `${seed + 1}`, '--out', name]);
  await json(environment, ['run', '--file', 'a.csv']);

  follower = start(environment, ['process', '--follow'], { BATCH_SECONDS: '5' });
  const said = heard(follower);
  const ended = once(follower, 'close');
  while (!said().includes('following')) await sleep(50);
  await json(environment, ['ingest', '--file', 'b.csv']);
  // Most of the time it has read the batch by now; where it has not, it must not write it either.
  await sleep(2000);
  follower.kill('SIGSTOP');
  expect(await eventlake(environment, ['reset', '--yes'])).toMatchObject({ code: 0 });
  await json(environment, ['run', '--file', 'c.csv']);
  follower.kill('SIGCONT');
  expect(await ended).toEqual([1, null]);
  expect(said()).toMatch(/\[(log:made_anew|lake:replaced|lake:other_log)\]/);

  expect(await json<AuditReport>(environment, ['audit'])).toMatchObject({
    balanced: true,
    file: { rows: ROWS },
  });
  const ingestions = [{ file: join(environment.folder, 'c.csv'), name: 'c.csv' }];
  const { lake, index } = environment;
  expect((await askOracle({ ingestions, partitions: 4, lake, index })).differences).toEqual([]);
  expect(await json(environment, ['process'])).toMatchObject({ archive: { commits: 0 } });
});
