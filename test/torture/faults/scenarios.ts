import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../generator/random.ts';
import { progressOf } from '../../crash/progress.ts';
import { killTwoDatasets } from '../../crash/two-datasets.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  outcomeOf,
  realServers,
  start,
} from '../../stack/end-to-end-environment.ts';
import { failing } from '../campaign.ts';
import { checkExact } from '../electronics.ts';
import type { Scenario } from '../fault.ts';
import { generate } from './source.ts';

/** A lake in local files, and one of the files under it, whose bytes are put back afterwards. */
async function damaged(random: Random, ending: string, damage: (bytes: Buffer) => Buffer): Promise<number> {
  const environment = await embedded();
  try {
    const { name } = await generate(environment, 'a.csv', random);
    await json(environment, ['run', '--file', name]);
    const names = await readdir(environment.lake.uri, { recursive: true });
    const files = names.filter((name) => name.endsWith(ending)).sort();
    const path = join(environment.lake.uri, files[random.below(files.length)] ?? '');
    const whole = await readFile(path);
    await writeFile(path, damage(whole));
    const said = await failing(environment, ['audit'], 1);
    if (!said.includes('lake:corrupt')) throw new Error(`damage to ${path} is not lake:corrupt but ${said}`);
    await writeFile(path, whole);
    await json(environment, ['audit']);
    return 1;
  } finally {
    await environment.remove();
  }
}

/** Faults that have a course of their own. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'bit-flip',
    how: 'one random bit of a Parquet file of the lake flips',
    outcome: 'the audit fails with `lake:corrupt`; exact once the bit is back',
    play: ({ random }) =>
      damaged(random, '.parquet', (whole) => {
        const bytes = Buffer.from(whole);
        const at = random.below(bytes.length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
        return bytes;
      }),
  },
  {
    name: 'cut-commit',
    how: "a commit's JSON is cut at a line end",
    outcome: 'the audit fails with `lake:corrupt`; exact once it is whole',
    play: ({ random }) =>
      damaged(random, '.json', (whole) => {
        const lines = whole.toString().trimEnd().split('\n');
        return Buffer.from(`${lines.slice(0, 1 + random.below(lines.length - 1)).join('\n')}\n`);
      }),
  },
  {
    name: 'reset-without-index',
    how: '`reset` while Elasticsearch breaks each connection, then `run` with another file',
    outcome: '`reset` fails; the index shows the new lake alone',
    async play({ stack, random }) {
      const environment = await realServers();
      try {
        const [a, b] = [
          await generate(environment, 'a.csv', random),
          await generate(environment, 'b.csv', random),
        ];
        await json(environment, ['run', '--file', a.name]);
        const away = stack.http.elasticsearch.inject('reset');
        await failing(environment, ['reset', '--yes'], 1);
        away.heal();
        await json(environment, ['run', '--file', b.name]);
        await checkExact(environment, [b]);
        return away.fired;
      } finally {
        await environment.remove();
      }
    },
  },
  {
    name: 'reset-behind-follower',
    how: 'SIGSTOP of a follower at a random moment; `reset`, `run` with another file; SIGCONT',
    outcome: 'the follower changes nothing in the new lake; exact',
    async play({ random }) {
      const environment = await realServers();
      const follower = start(environment, ['process', '--follow'], { BATCH_SECONDS: '1' });
      const ended = outcomeOf(follower);
      try {
        const [a, b] = [
          await generate(environment, 'a.csv', random),
          await generate(environment, 'b.csv', random),
        ];
        await json(environment, ['ingest', '--file', a.name]);
        await sleep(random.below(2_500));
        follower.kill('SIGSTOP');
        await json(environment, ['reset', '--yes']);
        await json(environment, ['run', '--file', b.name]);
        const hit = follower.exitCode === null && follower.kill('SIGCONT') ? 1 : 0;
        await sleep(3_000);
        follower.kill('SIGTERM');
        await ended;
        await checkExact(environment, [b]);
        return hit;
      } finally {
        follower.kill('SIGKILL');
        await environment.remove();
      }
    },
  },
  {
    name: 'topic-made-again',
    how: 'SIGSTOP of a follower; its topics are deleted, made again and filled by another pipeline; SIGCONT',
    outcome: 'the lake does not change; `lake:other_log`',
    async play({ random }) {
      const environment = await realServers();
      const stranger = await onTopicOf(environment);
      const progress = await progressOf(environment);
      const follower = start(environment, ['process', '--follow'], { BATCH_SECONDS: '1' });
      const ended = outcomeOf(follower);
      try {
        const [a, b] = [
          await generate(environment, 'a.csv', random),
          await generate(stranger, 'b.csv', random),
        ];
        await json(environment, ['run', '--file', a.name]);
        const before = await progress.commits();
        await sleep(random.below(1_500));
        follower.kill('SIGSTOP');
        await json(stranger, ['reset', '--yes']);
        await json(stranger, ['ingest', '--file', b.name]);
        const hit = follower.exitCode === null && follower.kill('SIGCONT') ? 1 : 0;
        await sleep(3_000);
        follower.kill('SIGTERM');
        await ended;
        const said = await failing(environment, ['process'], 1);
        if (!said.includes('lake:other_log')) throw new Error(`process says ${said}`);
        const after = await progress.commits();
        if (after !== before) throw new Error(`the lake had ${before} commits and has ${after}`);
        return hit;
      } finally {
        follower.kill('SIGKILL');
        await progress.close();
        await stranger.remove();
        await environment.remove();
      }
    },
  },
  {
    name: 'two-lakes',
    how: 'followers of two lakes read one topic at the same time',
    outcome: 'each lake is exact',
    async play({ random }) {
      const environment = await realServers();
      const other = await onTopicOf(environment);
      try {
        const file = await generate(environment, 'a.csv', random);
        await json(environment, ['setup']);
        const followers = [environment, other].map((each) =>
          start(each, ['process', '--follow'], { BATCH_SECONDS: '1' }),
        );
        const ends = followers.map(outcomeOf);
        await json(environment, ['ingest', '--file', file.name, '--batch-size', '50']);
        await sleep(random.below(3_000));
        const together = followers.every(({ exitCode }) => exitCode === null);
        for (const follower of followers) follower.kill('SIGTERM');
        await Promise.all(ends);
        for (const each of [environment, other]) await checkExact(each, [file]);
        return together ? 1 : 0;
      } finally {
        await other.remove();
        await environment.remove();
      }
    },
  },
  {
    name: 'busy-at-start',
    how: '503 to the first requests of a command, from MinIO and Elasticsearch',
    outcome: 'retried; exact',
    async play({ stack, random }) {
      const environment = await realServers();
      try {
        const file = await generate(environment, 'a.csv', random);
        const busy = [stack.http.minio, stack.http.elasticsearch].map((proxy) =>
          proxy.inject({ status: 503, body: '' }, { times: 1 + random.below(3) }),
        );
        await json(environment, ['run', '--file', file.name]);
        await checkExact(environment, [file]);
        return busy.every(({ fired }) => fired > 0) ? 1 : 0;
      } finally {
        await environment.remove();
      }
    },
  },
  {
    name: 'two-datasets-kill',
    how: 'SIGKILL of `run`, five times, at random moments: two datasets with four models, which are published to three places',
    outcome: 'lake, Elasticsearch and PostgreSQL are exact',
    async play({ random }) {
      const environment = await realServers();
      try {
        return await killTwoDatasets(environment, random, 5);
      } finally {
        await environment.remove();
      }
    },
  },
];

/** Another lake and index on the same topic. */
async function onTopicOf(environment: Environment): Promise<Environment> {
  const other = await realServers();
  const KAFKA_TOPIC = environment.variables.KAFKA_TOPIC ?? '';
  const its = { ...other, variables: { ...other.variables, KAFKA_TOPIC } };
  return {
    ...its,
    async remove() {
      await eventlake(its, ['reset', '--yes']);
      await other.remove();
    },
  };
}
