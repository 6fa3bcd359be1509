import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { installPython } from '../servers/python.ts';

const PROGRAM = join(import.meta.dirname, 'warehouse.py');

/** A row as psycopg reads it: integers of 2^53 and more, and decimals, are text, times are in ISO 8601. */
export type WarehouseRow = Record<string, string | number | boolean | object | null>;

/** A reader of PostgreSQL that is not ours: psycopg, in a process of its own. */
export class WarehouseReader {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(process: ChildProcess) {
    this.#process = process;
    if (!process.stdout) throw new Error('it has a standard output');
    this.#lines = createInterface(process.stdout);
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  static async start(): Promise<WarehouseReader> {
    const python = await installPython();
    return new WarehouseReader(spawn(python, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** What a statement gives, in a transaction of its own. Statements are answered in order. */
  rows(url: string, sql: string): Promise<WarehouseRow[]> {
    const answer = this.#last.then(() => this.#ask(url, sql));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin?.end();
    this.#lines.close();
    await ended;
  }

  async #ask(url: string, sql: string): Promise<WarehouseRow[]> {
    this.#process.stdin?.write(`${JSON.stringify({ url, sql })}\n`);
    const { value } = await this.#answers.next();
    const { rows, error } = JSON.parse(value ?? '{"error": "the reader has ended"}');
    if (error !== undefined) throw new Error(error);
    return rows;
  }
}
