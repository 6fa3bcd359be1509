import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ProducedValue } from './produced-values.ts';

/** A value that was put straight into a topic, and the partition into which. */
export interface Produced extends ProducedValue {
  readonly stream?: 'events' | 'dead-letters';
  readonly partition: number;
  /** After so many of the files; after all of them where absent. */
  readonly after?: number;
}

/** What was done, and where the result is; see oracle.py. */
export interface OracleRequest {
  /** The files in the order in which they were ingested, `name` being the path that ingest was given. */
  readonly ingestions: readonly { file: string; name: string }[];
  /** Put into the topics. */
  readonly produced?: readonly Produced[];
  readonly partitions: number;
  readonly lake: { readonly uri: string; readonly options?: Record<string, string> };
  readonly index: { readonly url: string; readonly name: string } | null;
}

/** What the stores should hold by an independent computation, and in what they differ from it. */
export interface OracleReport {
  /** The first differences, in words; `count` is how many there are. */
  readonly differences: string[];
  readonly count: number;
  readonly expected: {
    readonly rows: number;
    readonly logEvents: number;
    readonly deadLetters: number;
    readonly events: number;
    readonly rejected: Record<string, number>;
    readonly duplicates: number;
    readonly users: number;
    readonly profileEvents: number;
    readonly totalSpent: string;
    /** The profile of the user who has spent most: the id and money as text, times in ISO 8601. */
    readonly topProfile: Record<string, string | number | null>;
  };
}

/** Runs oracle.py, which reads the files, the lake and the index itself. */
export async function askOracle(request: OracleRequest): Promise<OracleReport> {
  const produced = (request.produced ?? []).map((record) => ({
    ...record,
    value: record.value?.toString('base64') ?? null,
  }));
  const child = spawn(python(), [join(import.meta.dirname, 'oracle.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify({ ...request, produced }));
  const output = await text(child.stdout);
  if (output === '') throw new Error('the oracle failed; its message is above');
  return JSON.parse(output);
}

/**
 * The interpreter with the packages of test/servers/requirements.txt, which the stack tests' set-up installs.
 */
export function python(): string {
  const path = process.env.EVENTLAKE_TEST_PYTHON;
  if (!path) throw new Error('EVENTLAKE_TEST_PYTHON is not set: run this test in the stack project');
  return path;
}
