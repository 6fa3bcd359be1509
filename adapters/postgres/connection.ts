import { Client } from 'pg';
import { Patience } from '../patience.ts';
import { explain } from './errors.ts';

/** How long PostgreSQL may take, in milliseconds. docs/settings.md lists these values. */
const DEADLINES = {
  connect: 10_000,
  /** One statement. */
  statement: 600_000,
  /** To wait for a row or table that another session has locked. */
  lock: 30_000,
  /** After this time without any success no further try begins. */
  patience: 120_000,
};
/** A writer that is suspended within a transaction loses it, so that it holds nobody up. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Where a PostgreSQL server is and how long to wait for it. */
export interface PostgresAddress {
  /** `postgres://user:password@host:port/database`; user and password are never shown. */
  readonly url: string;
  readonly deadlines?: Partial<typeof DEADLINES>;
  /** Ends every statement and pause at once; these then fail with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One connection to a PostgreSQL database, made when it is needed, and again after it broke. */
export class PostgresConnection {
  /** The address without credentials. */
  readonly address: string;
  readonly #url: string;
  readonly #deadlines: typeof DEADLINES;
  readonly #signal: AbortSignal;
  #client: Client | null = null;
  #reached = false;

  constructor({ url, deadlines, signal }: PostgresAddress) {
    const { host, pathname } = new URL(url);
    this.address = `${host}${pathname}`;
    this.#url = url;
    this.#deadlines = { ...DEADLINES, ...deadlines };
    this.#signal = signal ?? new AbortController().signal;
  }

  /**
   * Does `work`, again and again while it fails in a way that passes: it must do the whole of it each time.
   * After a failure the client may be another one. An address that has never answered is a wrong one: no
   * patience then.
   */
  async call<T>(description: string, work: (client: Client) => Promise<T>): Promise<T> {
    const patience = new Patience(() => (this.#reached ? this.#deadlines.patience : 0), this.#signal);
    for (;;) {
      try {
        return await this.#once(work);
      } catch (error) {
        this.#signal.throwIfAborted();
        await patience.wait(explain(error, description));
      }
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #once<T>(work: (client: Client) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const client = this.#client ?? (await this.#connect());
    this.#client = client;
    const abort = () => this.#drop(client);
    this.#signal.addEventListener('abort', abort);
    try {
      return await work(client);
    } catch (error) {
      // What the failure has left behind in the session is not known.
      this.#drop(client);
      throw error;
    } finally {
      this.#signal.removeEventListener('abort', abort);
    }
  }

  async #connect(): Promise<Client> {
    const { connect, statement, lock } = this.#deadlines;
    const client = new Client({
      connectionString: this.#url,
      application_name: 'eventlake',
      keepAlive: true,
      connectionTimeoutMillis: connect,
      query_timeout: statement,
    });
    // A connection that breaks while nothing is asked says so here; the next statement on it fails.
    client.on('error', () => this.#drop(client));
    try {
      await client.connect();
      await client.query(`SET TIME ZONE 'UTC'; SET lock_timeout = ${lock}; SET statement_timeout = ${statement};
SET idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}; SET client_min_messages = 'warning'`);
      this.#reached = true;
      return client;
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
  }

  /** Ends the connection at once: PostgreSQL undoes what was not committed. */
  #drop(client: Client): void {
    if (this.#client === client) this.#client = null;
    // `end` alone waits for the statement that is under way.
    client.connection.stream.destroy();
  }
}

/** Receives the text of each statement that writes, with how many rows it wrote and how long it took. */
export type OnStatement = (text: string) => void;

/** Runs one statement, and tells of it. */
export async function run(client: Client, sql: string, onStatement?: OnStatement): Promise<void> {
  const began = performance.now();
  const { rowCount } = await client.query(sql);
  const rows = rowCount === null ? '' : `${rowCount} rows, `;
  onStatement?.(`${sql} -- ${rows}${Math.round(performance.now() - began)} ms`);
}

/**
 * Does `work` in one transaction. When it fails, the caller drops the connection, and with it the
 * transaction.
 */
export async function inTransaction<T>(
  client: Client,
  work: () => Promise<T>,
  onStatement?: OnStatement,
): Promise<T> {
  await run(client, 'BEGIN', onStatement);
  const result = await work();
  await run(client, 'COMMIT', onStatement);
  return result;
}
