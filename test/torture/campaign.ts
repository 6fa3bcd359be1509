import type { ChildProcess } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../generator/random.ts';
import { type Environment, eventlake, json, outcomeOf, start } from '../stack/end-to-end-environment.ts';
import { openElectronics } from './electronics.ts';
import type { PassingFault, Pipeline, Target } from './fault.ts';
import type { TortureStack } from './stack.ts';

/**
 * How often a fault was injected, how often it harmed something, and what was wrong in the end, if anything.
 */
export interface Result {
  readonly injected: number;
  /** Of the injections, those that harmed something. */
  readonly fired: number;
  readonly failure: string | null;
}

/** An injection that has met no work for so long is ended; it counts as not fired. */
const IDLE_MS = 30_000;

/** An injection that harmed nothing is tried again, up to so many times for each time that it must fire. */
export const MOST_TRIES = 3;

/**
 * Lets a pipeline work on generated rows, and injects the fault until it has fired `rounds` times, at random
 * moments. Then everything must be exact.
 */
export async function disturb(
  stack: TortureStack,
  fault: PassingFault,
  random: Random,
  rounds: number,
): Promise<Result> {
  const pipeline = await (fault.open ?? openElectronics)(stack, random);
  const { environment, dataset } = pipeline;
  const jobs: { follower: ChildProcess | null; ingest: ChildProcess | null } = {
    follower: null,
    ingest: null,
  };
  const target: Target = { stack, random, jobs };
  const over = new AbortController();
  let injected = 0;
  let fired = 0;
  try {
    await json(environment, ['setup', dataset]);
    const ingested: string[] = [];
    const works = [follow(pipeline, jobs, over.signal), feed(pipeline, jobs, ingested, over.signal)];
    const failed = Promise.all(works).then(() => undefined);
    const injections = (async () => {
      while (jobs.ingest === null) await sleep(5);
      for (; fired < rounds && injected < MOST_TRIES * rounds; injected++) {
        await sleep(random.below(1_500));
        const ongoing = await fault.inject(target);
        const began = performance.now();
        while (ongoing.fired() === 0 && performance.now() - began < IDLE_MS) await sleep(5);
        if (ongoing.fired() > 0) fired++;
        if (fault.holdMs > 0) await sleep(random.below(fault.holdMs));
        await ongoing.heal();
      }
    })();
    await Promise.race([injections, failed.then(() => injections)]);
    over.abort();
    jobs.follower?.kill('SIGTERM');
    await failed;
    await pipeline.checkExact(ingested);
    return { injected, fired, failure: null };
  } catch (error) {
    return { injected, fired, failure: `${error}` };
  } finally {
    over.abort();
    stack.http.minio.heal();
    stack.http.elasticsearch.heal();
    stack.tcp.postgres.heal();
    jobs.follower?.kill('SIGKILL');
    jobs.ingest?.kill('SIGKILL');
    await environment.remove();
  }
}

/**
 * Keeps a follower running: one that ends is started again, and must not have ended with a fault that a user
 * has to repair.
 */
async function follow(
  { environment, dataset, options }: Pipeline,
  jobs: { follower: ChildProcess | null },
  over: AbortSignal,
): Promise<void> {
  const args = ['process', dataset, '--follow', ...options];
  while (!over.aborted) {
    jobs.follower = start(environment, args, { BATCH_SECONDS: '1', LOG_LEVEL: 'warn' });
    const { code, stderr } = await outcomeOf(jobs.follower);
    await note(environment, 'follower', code, stderr);
  }
}

/** Ingests file after file; a file whose ingest fails is ingested again until it is in. */
async function feed(
  { environment, dataset, writeFile }: Pipeline,
  jobs: { ingest: ChildProcess | null },
  ingested: string[],
  over: AbortSignal,
): Promise<void> {
  for (let wave = 0; !over.aborted; wave++) {
    const name = await writeFile(wave);
    for (;;) {
      jobs.ingest = start(environment, ['ingest', dataset, '--file', name, '--batch-size', '60']);
      const { code, stderr } = await outcomeOf(jobs.ingest);
      if (code === 0) break;
      await note(environment, 'ingest', code, stderr);
    }
    ingested.push(name);
  }
}

async function note(
  environment: Environment,
  job: string,
  code: number | null,
  stderr: string,
): Promise<void> {
  if (code !== 0) await appendFile(join(environment.folder, 'ended.log'), `${job} ${code}: ${stderr}\n`);
  if (code === 2) throw new Error(`${job} ended with exit code 2: ${stderr.slice(-2_000)}`);
}

/** Runs a command that must fail, and gives what it wrote. */
export async function failing(
  environment: Environment,
  args: readonly string[],
  code: number,
): Promise<string> {
  const outcome = await eventlake(environment, args);
  if (outcome.code === code) return outcome.stderr + outcome.stdout;
  throw new Error(`eventlake ${args.join(' ')} exited with ${outcome.code}, not ${code}: ${outcome.stderr}`);
}
