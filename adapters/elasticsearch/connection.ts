import { Client, errors, SniffingTransport } from '@elastic/elasticsearch';
import { EventlakeError } from '../../core/errors.ts';
import { Patience } from '../patience.ts';

/** How long Elasticsearch may take, in milliseconds. docs/settings.md lists these values. */
const DEADLINES = {
  /** One request, from its first byte to the last one of its answer. */
  requestTimeout: 30_000,
  /** After this time without any success no further try begins: a call takes at most this and one request. */
  patience: 120_000,
};

/** Where an Elasticsearch server is and how long to wait for it. */
export interface ElasticsearchAddress {
  /** May carry a user and password, which are never shown. */
  readonly url: string;
  readonly login?: { readonly username: string; readonly password: string } | null;
  readonly requestTimeout?: number;
  readonly patience?: number;
  /** Ends every request and pause at once; these then fail with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A connection to one Elasticsearch address. The client's own retries are off: which failures are repeated,
 * and for how long, is decided here alone.
 */
export class ElasticsearchConnection {
  /** The address without credentials. */
  readonly address: string;
  /** Of one request, in milliseconds. */
  readonly requestTimeout: number;
  readonly #client: Client;
  readonly #patience: number;
  readonly #signal: AbortSignal;
  #reached = false;

  constructor({ url, login, signal, ...given }: ElasticsearchAddress) {
    const { requestTimeout, patience } = { ...DEADLINES, ...given };
    const parsed = new URL(url);
    const auth =
      login ??
      (parsed.username
        ? { username: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) }
        : null);
    parsed.username = '';
    parsed.password = '';
    this.address = parsed.href.replace(/\/$/, '');
    this.requestTimeout = requestTimeout;
    this.#patience = patience;
    this.#signal = signal ?? new AbortController().signal;
    this.#client = new Client({
      node: parsed.href,
      ...(auth && { auth }),
      requestTimeout,
      maxRetries: 0,
      Transport: limitedTransport(requestTimeout, this.#signal),
    });
  }

  /** Makes one request, once. */
  async once<T>(request: (client: Client) => Promise<T>): Promise<T> {
    try {
      const answer = await request(this.#client);
      this.#reached = true;
      return answer;
    } catch (error) {
      this.#signal.throwIfAborted();
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

  /**
   * For requests that decide themselves what to repeat. An address that has never answered is a wrong one: no
   * patience then.
   */
  patience(): Patience {
    return new Patience(() => (this.#reached ? this.#patience : 0), this.#signal);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/**
 * The client's own deadline is one for each pause between two pieces of an answer; this one is for the whole
 * request.
 */
function limitedTransport(requestTimeout: number, signal: AbortSignal): typeof SniffingTransport {
  return class extends SniffingTransport {
    // `never`: what comes back is what the client's own overloads say.
    override async request(...[params, options]: Parameters<SniffingTransport['request']>): Promise<never> {
      const deadline = AbortSignal.timeout(requestTimeout);
      try {
        const either = AbortSignal.any([deadline, signal]);
        return (await super.request(params, { ...options, signal: either })) as never;
      } catch (error) {
        if (deadline.aborted) throw new errors.TimeoutError(`no answer within ${requestTimeout} ms`);
        throw error;
      }
    }
  };
}

/** What an HTTP status says about trying again: `busy` passes by itself, `too_large` when less is sent. */
export function statusMeaning(status: number): 'busy' | 'forbidden' | 'rejected' | 'too_large' {
  if (status === 429 || status >= 500) return 'busy';
  if (status === 413) return 'too_large';
  return status === 401 || status === 403 ? 'forbidden' : 'rejected';
}

/**
 * A failure by what its status means; `what` says in one clause what Elasticsearch answered, and about what.
 */
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
  too_large: {
    hint: 'Let Elasticsearch (http.max_content_length), and what stands before it, take larger requests.',
  },
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
    return new EventlakeError('index:timeout', `Elasticsearch at ${address}: ${error.message}`, {
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
