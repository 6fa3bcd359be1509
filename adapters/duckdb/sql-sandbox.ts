import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SandboxRequest, SandboxResult, SqlSandbox } from '../../core/contracts.ts';
import type { ErrorCode } from '../../core/error-codes.ts';
import { EventlakeError } from '../../core/errors.ts';

/** How sandboxed queries are limited. */
export interface SandboxLimits {
  /** Folder for what is spilled. */
  readonly temporary: string;
  readonly milliseconds: number;
  /** Of DuckDB, beyond which it spills. */
  readonly memoryMb: number;
  /** Of the whole process, which no query gets around. */
  readonly processMb: number;
  /** Queries at one time. */
  readonly atOnce: number;
}

/** What the process is told on its standard input. */
export interface SandboxTask extends SandboxRequest, SandboxLimits {}

/** What the process says, a line each: first the columns, then rows, at last `end`; or what went wrong. */
export type SandboxLine =
  | { readonly columns: { name: string; type: string }[] }
  | { readonly rows: (string | number | boolean | null)[][] }
  | { readonly end: true }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

const PROGRAM = join(import.meta.dirname, 'sql-sandbox-process.ts');
const HEAP_MB = 256;
const HINTS: Readonly<Record<string, string>> = {
  'sql:timeout': 'Ask for less: filter by event_month, or take fewer columns.',
  'sql:memory': 'Ask for less: group by fewer values, or order fewer rows.',
  'sql:too_large': 'Take fewer columns, or shorten long values with substr().',
};

/**
 * {@link SqlSandbox} on DuckDB in a process of its own for each query. Not every function of SQL heeds an interrupt or DuckDB's memory
 * limit (`repeat('x', 4000000000)` does neither), but a process can always be ended.
 */
export class DuckDbSandbox implements SqlSandbox {
  readonly #limits: SandboxLimits;
  #running = 0;

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
  }

  async query(request: SandboxRequest): Promise<SandboxResult> {
    if (this.#running >= this.#limits.atOnce) throw busy();
    this.#running += 1;
    const temporary = await mkdtemp(join(this.#limits.temporary, 'sandbox-')).catch((error) => {
      this.#running -= 1;
      throw error;
    });
    const child = start();
    const lines = this.#lines(child, temporary);
    const task: SandboxTask = { ...this.#limits, ...request, temporary };
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify(task));
    const first = await lines.next();
    if (first.done || !('columns' in first.value)) throw failed('sql:invalid', 'The query gave no columns');
    return { columns: first.value.columns, rows: rowsOf(lines) };
  }

  /** The lines that the process says until its end. When the reader stops early, or time is up, the process is killed. */
  async *#lines(child: ChildProcess, temporary: string): AsyncGenerator<SandboxLine, void> {
    const { milliseconds } = this.#limits;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, milliseconds);
    try {
      if (!child.stdout) throw new Error('the sandbox has no output');
      for await (const text of createInterface({
        input: child.stdout,
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        const line = JSON.parse(text) as SandboxLine;
        if ('error' in line) throw failed(line.error.code, line.error.message);
        if ('end' in line) return;
        yield line;
      }
      if (late)
        throw failed('sql:timeout', `The query took longer than ${milliseconds / 1000} s, and was stopped`);
      throw failed('sql:memory', 'The query ended without a result: it wanted more memory than it may have');
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
      await rm(temporary, { recursive: true, force: true });
      this.#running -= 1;
    }
  }
}

function start(): ChildProcess {
  const arguments_ = [`--max-old-space-size=${HEAP_MB}`, PROGRAM];
  // Nothing of the environment: it may hold passwords.
  return spawn(process.execPath, arguments_, { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
}

async function* rowsOf(lines: AsyncGenerator<SandboxLine, void>) {
  for await (const line of lines) if ('rows' in line) yield line.rows;
}

function failed(code: ErrorCode, message: string): EventlakeError {
  const hint = HINTS[code];
  return new EventlakeError(code, message, hint ? { hint } : {});
}

function busy(): EventlakeError {
  return new EventlakeError('sql:busy', 'Other queries are running', {
    hint: 'Try again when they have ended.',
    retriable: true,
  });
}
