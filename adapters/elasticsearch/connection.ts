import { setTimeout as sleep } from 'node:timers/promises';
import { Client, errors } from '@elastic/elasticsearch';
import { EventlakeError } from '../../core/errors.ts';

/** Where an Elasticsearch server is and how long to bear with it. */
export interface ElasticsearchAddress {
  /** May carry a user and password, which are never shown. */
  readonly url: string;
  readonly login?: { readonly username: string; readonly password: string } | null;
  /** After how many milliseconds without an answer a request is given up and made again; 30,000 when not given. */
  readonly requestTimeout?: number;
  /** For how many milliseconds after its first failure a request is repeated; 120,000 when not given. */
  readonly patience?: number;
}

const LONGEST_PAUSE_MS = 10_000;

/**
 * A connection to one Elasticsearch address. The client's own retries are off: which failures are repeated, and for how long, is
 * decided here alone.
 */
export class ElasticsearchConnection {
  /** The address without credentials. */
  readonly address: string;
  readonly #client: Client;
  readonly #patience: number;
  #reached = false;

  constructor({ url, login, requestTimeout = 30_000, patience = 120_000 }: ElasticsearchAddress) {
    const parsed = new URL(url);
    const auth =
      login ??
      (parsed.username
        ? { username: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) }
        : null);
    parsed.username = '';
    parsed.password = '';
    this.address = parsed.href.replace(/\/$/, '');
    this.#client = new Client({ node: parsed.href, ...(auth && { auth }), requestTimeout, maxRetries: 0 });
    this.#patience = patience;
  }

  /** Makes one request, once. */
  async once<T>(request: (client: Client) => Promise<T>): Promise<T> {
    try {
      const answer = await request(this.#client);
      this.#reached = true;
      return answer;
    } catch (error) {
      const failure = explain(error, this.address);
      this.#reached ||= failure.code !== 'index:unreachable';
      throw failure;
    }
  }

  /** Makes one request, again and again while it fails in a way that passes. */
  async call<T>(request: (client: Client) => Promise<T>): Promise<T> {
    const patience = this.patience();
    for (;;) {
      try {
        return await this.once(request);
      } catch (error) {
        await patience.wait(error);
      }
    }
  }

  /** For requests that decide themselves what to repeat. An address that has never answered is a wrong one: no patience then. */
  patience(): Patience {
    return new Patience(() => (this.#reached ? this.#patience : 0));
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** The pauses between repeated requests: from 0.1 s, each twice the one before, up to 10 s, less a random part of up to a half. */
export class Patience {
  readonly #limit: () => number;
  #since: number | undefined;
  #pause = 100;

  constructor(limitMs: () => number) {
    this.#limit = limitMs;
  }

  /** Pauses after a failure that may pass; throws the failure when it will not, or when patience has run out. */
  async wait(failure: unknown, signal?: AbortSignal): Promise<void> {
    if (!(failure instanceof EventlakeError && failure.retriable)) throw failure;
    this.#since ??= performance.now();
    const pause = this.#pause * (1 - Math.random() / 2);
    if (performance.now() + pause - this.#since > this.#limit()) throw failure;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    await sleep(pause, undefined, signal && { signal });
  }
}

/** What an HTTP status says about trying again: `busy` passes by itself. */
export function statusMeaning(status: number): 'busy' | 'forbidden' | 'rejected' {
  if (status === 429 || status >= 500) return 'busy';
  return status === 401 || status === 403 ? 'forbidden' : 'rejected';
}

/** A failure by what its status means; `what` says in one clause what Elasticsearch answered, and about what. */
export function statusFailure(status: number, what: string, cause?: Error): EventlakeError {
  const meaning = statusMeaning(status);
  return new EventlakeError(`index:${meaning}`, what, { ...ADVICE[meaning], cause });
}

const ADVICE = {
  busy: { retriable: true, hint: 'Look at its log, heap and disk, then run this again.' },
  forbidden: {
    hint: 'Check ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD, what that user may do, and that the index is not read-only.',
  },
  rejected: { hint: 'Nothing was marked as published. Correct what the reason names, then run this again.' },
};

function explain(error: unknown, address: string): EventlakeError {
  if (!(error instanceof errors.ElasticsearchClientError)) throw error;
  // The client's errors hold the request, megabytes of it and its login.
  const cause = new Error(`${error.name}: ${error.message}`);
  if (error instanceof errors.ResponseError) {
    const status = error.statusCode ?? 0;
    const reason = (error.body?.error?.reason ?? error.message).slice(0, 500);
    return statusFailure(status, `Elasticsearch at ${address} answered ${status}: ${reason}`, cause);
  }
  if (error instanceof errors.TimeoutError) {
    return new EventlakeError('index:busy', `Elasticsearch at ${address} did not answer in time`, {
      ...ADVICE.busy,
      cause,
    });
  }
  if (error instanceof errors.ConnectionError) {
    return new EventlakeError(
      'index:unreachable',
      `Elasticsearch at ${address} cannot be reached: ${error.message}`,
      {
        retriable: true,
        hint: 'Check that it runs and that ELASTICSEARCH_URL is right; Node trusts a private certificate through NODE_EXTRA_CA_CERTS.',
        cause,
      },
    );
  }
  return new EventlakeError('index:not_elasticsearch', `What answers at ${address} is not Elasticsearch`, {
    hint: 'Check ELASTICSEARCH_URL.',
    cause,
  });
}
