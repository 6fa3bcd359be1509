import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { ErrorCode } from '../../core/error-codes.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { SandboxRequest, SandboxResult, SqlSandbox } from '../../core/sql-sandbox.ts';

/** How sandboxed queries are limited. */
export interface SandboxLimits {
  /** Folder for what is spilled. */
  readonly temporary: string;
  readonly milliseconds: number;
  /** Of DuckDB, beyond which it spills. */
  readonly memoryMb: number;
  /** Of the whole process, which no query gets around. */
  readonly processMb: number;
  /** Of the rows of one page as JSON, and of one row of a download. */
  readonly pageBytes: number;
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

type SandboxProcess = ChildProcessByStdio<Writable, Readable, null>;

const LINE_END = 0x0a;
const PROGRAM = join(import.meta.dirname, 'sql-sandbox-process.ts');
const HEAP_MB = 256;
const HINTS: Readonly<Record<string, string>> = {
  'sql:timeout': 'Ask for less: filter by event_month, or take fewer columns.',
  'sql:memory': 'Ask for less: group by fewer values, or order fewer rows.',
  'sql:too_large': 'Take fewer columns, or shorten long values with substr().',
};

/**
 * {@link SqlSandbox} on DuckDB in a process of its own for each query. Not every function of SQL heeds an
 * interrupt or DuckDB's memory limit (`repeat('x', 4000000000)` does neither), but a process can always be
 * ended.
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
    // The end of the process frees its place, whether or not anybody reads what it has written.
    const gone = ended(child).finally(() => {
      this.#running -= 1;
      return rm(temporary, { recursive: true, force: true });
    });
    gone.catch(() => {});
    const deadline = AbortSignal.timeout(this.#limits.milliseconds);
    deadline.addEventListener('abort', () => child.kill('SIGKILL'));
    const task: SandboxTask = { ...this.#limits, ...request, temporary };
    // There are no pipes to a process that could not be started.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify(task));
    const lines = this.#lines(child, gone, deadline);
    const first = await lines.next();
    if (first.done || !('columns' in first.value)) throw failed('sql:invalid', 'The query gave no columns');
    return { columns: first.value.columns, rows: rowsOf(lines), deadline };
  }

  /** The lines that the process writes until its end. The process is killed when the reader stops early. */
  async *#lines(
    child: SandboxProcess,
    gone: Promise<void>,
    deadline: AbortSignal,
  ): AsyncGenerator<SandboxLine, void> {
    const { milliseconds, pageBytes } = this.#limits;
    try {
      if (child.pid === undefined) await gone;
      for await (const text of linesOf(child.stdout, 2 * pageBytes)) {
        const line = JSON.parse(text) as SandboxLine;
        if ('error' in line) throw failed(line.error.code, line.error.message);
        if ('end' in line) return;
        yield line;
      }
      if (deadline.aborted)
        throw failed('sql:timeout', `The query took longer than ${milliseconds / 1000} s, and was stopped`);
      throw failed('sql:memory', 'The query ended without a result: it wanted more memory than it may have');
    } finally {
      child.kill('SIGKILL');
      await gone.catch(() => {});
    }
  }
}

/**
 * Resolves when the process has ended. @throws EventlakeError `sql:busy` when the system could not start it.
 */
async function ended(child: SandboxProcess): Promise<void> {
  try {
    await once(child, 'exit');
  } catch (cause) {
    throw new EventlakeError('sql:busy', `The query could not be started: ${(cause as Error).message}`, {
      hint: 'The machine has no process or file descriptor left; try again.',
      retriable: true,
      cause,
    });
  }
}

/**
 * The whole lines of a stream, which is read no faster than they are taken. What follows the last line end
 * was cut off, and is left out.
 */
async function* linesOf(stream: Readable, mostBytes: number): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let begin = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, begin)) {
      yield Buffer.concat([...pending, chunk.subarray(begin, end)]).toString();
      pending = [];
      bytes = 0;
      begin = end + 1;
    }
    pending.push(chunk.subarray(begin));
    bytes += chunk.length - begin;
    if (bytes > mostBytes) throw failed('sql:too_large', 'The rows are too large to be shown');
  }
}

function start(): SandboxProcess {
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
