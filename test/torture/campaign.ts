import type { ChildProcess } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../generator/random.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import { askOracle, type OracleRequest } from '../oracle/compare.ts';
import {
  type Environment,
  eventlake,
  json,
  outcomeOf,
  realServers,
  start,
} from '../stack/end-to-end-environment.ts';
import type { PassingFault, Target } from './fault.ts';
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

const PARTITIONS = 4;
const WAVE_ROWS = 300;
const SOURCE_ROWS = 30_000;
/** An injection that has met no work for so long is ended; it counts as not fired. */
const IDLE_MS = 30_000;

/** An injection that met no work is tried again. */
const MOST_TRIES = 3;

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
  const environment = await realServers();
  const jobs: { follower: ChildProcess | null; ingest: ChildProcess | null } = {
    follower: null,
    ingest: null,
  };
  const target: Target = { stack, random, jobs };
  const over = new AbortController();
  let injected = 0;
  let fired = 0;
  try {
    await json(environment, ['setup']);
    const ingestions: OracleRequest['ingestions'][number][] = [];
    const works = [
      follow(environment, jobs, over.signal),
      feed(environment, jobs, ingestions, random, over.signal),
    ];
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
    await checkExact(environment, ingestions);
    return { injected, fired, failure: null };
  } catch (error) {
    return { injected, fired, failure: `${error}` };
  } finally {
    over.abort();
    stack.http.minio.heal();
    stack.http.elasticsearch.heal();
    jobs.follower?.kill('SIGKILL');
    jobs.ingest?.kill('SIGKILL');
    await environment.remove();
  }
}

/** Audit, Python's computation and index agree, after one more `process`. */
export async function checkExact(
  environment: Environment,
  ingestions: OracleRequest['ingestions'],
): Promise<void> {
  await json(environment, ['process']);
  const audit = await json<AuditReport>(environment, ['audit']);
  const { lake, index } = environment;
  const report = await askOracle({ ingestions, partitions: PARTITIONS, lake, index });
  if (report.count === 0) return;
  const found = report.differences.slice(0, 5).join('; ');
  throw new Error(`the oracle differs: ${found}; while the audit balances: ${JSON.stringify(audit)}`);
}

/**
 * Keeps a follower running: one that ends is started again, and must not have ended with a fault that a user
 * has to repair.
 */
async function follow(
  environment: Environment,
  jobs: { follower: ChildProcess | null },
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    jobs.follower = start(environment, ['process', '--follow'], { BATCH_SECONDS: '1', LOG_LEVEL: 'warn' });
    const { code, stderr } = await outcomeOf(jobs.follower);
    await note(environment, 'follower', code, stderr);
  }
}

/** Ingests file after file; a file whose ingest fails is ingested again until it is in. */
async function feed(
  environment: Environment,
  jobs: { ingest: ChildProcess | null },
  ingestions: OracleRequest['ingestions'][number][],
  random: Random,
  over: AbortSignal,
): Promise<void> {
  const source = join(environment.folder, 'source.csv');
  const args = ['--rows', `${SOURCE_ROWS}`, '--seed', `${random.below(1_000_000)}`, '--out', source];
  await json(environment, ['generate', ...args]);
  const [header = '', ...lines] = (await readFile(source, 'latin1')).split('\n');
  for (let wave = 0; !over.aborted; wave++) {
    const rows = lines.slice(
      (wave * WAVE_ROWS) % SOURCE_ROWS,
      ((wave * WAVE_ROWS) % SOURCE_ROWS) + WAVE_ROWS,
    );
    // The number makes a file of its own of the same lines.
    const name = `wave-${wave}.csv`;
    const file = join(environment.folder, name);
    await writeFile(file, `${[header, ...rows, `wave ${wave}`].join('\n')}\n`, 'latin1');
    for (;;) {
      jobs.ingest = start(environment, ['ingest', '--file', name, '--batch-size', '60']);
      const { code, stderr } = await outcomeOf(jobs.ingest);
      if (code === 0) break;
      await note(environment, 'ingest', code, stderr);
    }
    ingestions.push({ file, name });
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
