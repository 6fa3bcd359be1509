import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

export const ROOT = join(import.meta.dirname, '..');
const USAGE = pathToFileURL(join(import.meta.dirname, 'usage.ts')).href;
/** The launcher's Node flags: what users run is what is measured. */
const LAUNCHER = readFileSync(join(ROOT, 'cli', 'eventlake'), 'utf8');
/** For scripts that run parts of the pipeline. */
export const EVENTLAKE_FLAGS = /^exec "\$node" (.*) "\$root/m.exec(LAUNCHER)?.[1]?.split(' ') ?? [];

export type Environment = Readonly<Record<string, string | undefined>>;

/** What one process took, from its start to its end. CPU is user and system time together. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Its standard output, one JSON document. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it started
  readonly result: any;
  /** Its standard error. */
  readonly notes: string;
}

/**
 * One of the things that a group compares. Each run prepares, measures, checks what was done and cleans up.
 */
export interface Subject {
  readonly name: string;
  /** What one run works through; null where there is nothing to count. */
  readonly rows: number | null;
  run(): Promise<Measured>;
}

/** A subject's runs as one. */
export interface Figures {
  readonly name: string;
  readonly rows: number | null;
  /** Medians. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly fastest: number;
  readonly slowest: number;
  /** The highest of all runs: a peak is no average. */
  readonly peakBytes: number;
  /** Of the last run. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly result: any;
}

let measuredNow: ChildProcess | undefined;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The running process is ended, which fails the run: its starter cleans up. A second signal ends this
  // process at once.
  process.once(signal, () => {
    interrupted = true;
    measuredNow?.kill();
  });
}

/** The environment without any of the pipeline's settings, which would otherwise change what is measured. */
export function bareEnvironment(): Environment {
  const ours =
    /^(KAFKA|MINIO|ELASTICSEARCH|WAREHOUSE|SPARK|BATCH|EVENTLAKE)_|^(ENGINE|ENVIRONMENT|LOG_LEVEL|NODE_OPTIONS)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

/** Runs `node <args>` to its end. A process that fails is an error with what it said. */
export function measure(args: readonly string[], environment: Environment): Promise<Measured> {
  return measureProgram(process.execPath, ['--import', USAGE, ...args], environment);
}

/** As {@link measure}, of a program that itself writes what it used to file descriptor 3. */
export async function measureProgram(
  program: string,
  args: readonly string[],
  environment: Environment,
): Promise<Measured> {
  if (interrupted) throw new Error('interrupted');
  const began = performance.now();
  const child = spawn(program, args, {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  measuredNow = child;
  const ended = new Promise<{ code: number | null; seconds: number }>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve({ code, seconds: (performance.now() - began) / 1000 }));
  });
  const said = (fd: number) => text(child.stdio[fd] as Readable);
  const [output, complaints, usage, { code, seconds }] = await Promise.all([
    said(1),
    said(2),
    said(3),
    ended,
  ]);
  if (interrupted) throw new Error('interrupted');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${complaints}${output}`);
  return { seconds, ...JSON.parse(usage), result: JSON.parse(output), notes: complaints };
}

/** Runs the command line as users do. */
export function measureEventlake(args: readonly string[], environment: Environment): Promise<Measured> {
  return measure([...EVENTLAKE_FLAGS, join('cli', 'main.ts'), ...args, '--json'], environment);
}

/**
 * Runs the subjects in turn, `runs` times (A B A B …), so that other load of the machine hits all of them.
 */
export async function alternate<const S extends readonly Subject[]>(
  subjects: S,
  runs: number,
): Promise<{ [K in keyof S]: Figures }> {
  const all = subjects.map((): Measured[] => []);
  for (let run = 1; run <= runs; run += 1) {
    for (const [i, subject] of subjects.entries()) {
      const measured = await subject.run();
      all[i]?.push(measured);
      const peak = Math.round(measured.peakBytes / 1e6);
      console.error(`  ${run}/${runs}  ${subject.name}: ${measured.seconds.toFixed(2)} s, ${peak} MB`);
    }
  }
  return subjects.map((subject, i) => figuresOf(subject, all[i] ?? [])) as { [K in keyof S]: Figures };
}

function figuresOf({ name, rows }: Subject, measured: readonly Measured[]): Figures {
  const times = measured.map(({ seconds }) => seconds);
  return {
    name,
    rows,
    seconds: median(times),
    cpuSeconds: median(measured.map(({ cpuSeconds }) => cpuSeconds)),
    fastest: Math.min(...times),
    slowest: Math.max(...times),
    peakBytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)),
    result: measured.at(-1)?.result,
  };
}

/** Of an even number, the middle between the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** A figure means nothing when the work was not done: `what` names the work. */
export function mustBe(what: string, actual: unknown, expected: unknown): void {
  if (String(actual) !== String(expected))
    throw new Error(`${what}: ${actual}, where ${expected} was expected`);
}
