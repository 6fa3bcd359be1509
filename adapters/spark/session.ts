import type { Row } from '../../core/row.ts';
import { rowsOf } from './arrow-rows.ts';
import { SparkConnection, type SparkDeadlines } from './connection.ts';
import { interruption } from './errors.ts';
import { execute } from './execution.ts';
import { parseRemote } from './remote.ts';
import { prepare } from './session-settings.ts';

/** What a session may be told when it is opened. */
export interface SparkOptions {
  readonly deadlines?: Partial<SparkDeadlines>;
  /** Ends what runs, on the cluster, too, when it is aborted; statements fail with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A session of a Spark Connect server. Statements may run at the same time. */
export interface SparkSession {
  /**
   * Runs one query with a result that fits into memory. 64-bit integers are bigint, decimals, dates and
   * timestamps strings; a list or structure is an error.
   */
  rows(sql: string): Promise<Row[]>;
  /** Runs one command, such as `CREATE TABLE … AS` or `CREATE TEMPORARY VIEW`. */
  run(sql: string): Promise<void>;
  /** Sets properties of the session; their values are not shown. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
  /** Ends what this session runs, and waits for it; these statements fail with `spark:interrupted`. */
  interrupt(): Promise<void>;
  /** Ends what this session runs, and the session itself on the server. */
  close(): Promise<void>;
}

/**
 * Opens a session on a Spark Connect server (Spark 4). Its time zone is UTC, and what it writes is what the
 * lake has: zstd, microseconds, no table feature that was not asked for.
 *
 * Every method throws `spark:unreachable` when the server does not answer, and `spark:session_lost` when it
 * was started again: settings and temporary views are then gone, and the caller opens another session.
 * Statements throw `spark:failed` with Spark's own message, `spark:timeout` and `spark:interrupted`.
 *
 * @param remote `sc://host:port/;token=…;use_ssl=true`, as Spark's own clients take it; the token is never
 *   shown
 * @throws EventlakeError `settings:invalid`, `spark:unreachable`, `spark:unauthorized`, or `spark:unsuitable`
 *   when the server does not let the session be set as the lake needs it
 */
export async function openSpark(
  remote: string,
  { deadlines = {}, signal = new AbortController().signal }: SparkOptions = {},
): Promise<SparkSession> {
  const connection = new SparkConnection(parseRemote(remote), deadlines, signal);
  let interrupted = new AbortController();
  const running = new Set<Promise<unknown>>();
  /** Keeps the statement in mind until it has ended. */
  const tracked = <T>(work: (ending: AbortSignal) => Promise<T>): Promise<T> => {
    const statement = work(AbortSignal.any([signal, interrupted.signal]));
    const ended = statement.catch(() => {}).finally(() => running.delete(ended));
    running.add(ended);
    return statement;
  };
  const session: SparkSession = {
    rows: (sql) =>
      tracked(async (ending) => {
        const rows: Row[] = [];
        for await (const batch of execute(connection, { root: { sql: { query: sql } } }, ending)) {
          for (const row of rowsOf(batch)) rows.push(row);
        }
        return rows;
      }),
    run: (sql) =>
      tracked(async (ending) => {
        const command = { sql_command: { input: { sql: { query: sql } } } };
        for await (const _ of execute(connection, { command }, ending));
      }),
    async configure(settings) {
      const pairs = Object.entries(settings).map(([key, value]) => ({ key, value }));
      await connection.unary('Config', { operation: { set: { pairs } } });
    },
    async interrupt() {
      const ending = interrupted;
      interrupted = new AbortController();
      ending.abort(interruption(connection.address));
      await Promise.all(running);
    },
    async close() {
      await session.interrupt();
      // Spark ends a session by itself that nobody uses.
      await connection.farewell('ReleaseSession', {});
      connection.close();
    },
  };
  try {
    await prepare(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  return session;
}
