import type { ErrorCode } from '../../core/error-codes.ts';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import type { IndexChange } from './changes-file.ts';
import { type ElasticsearchConnection, statusFailure, statusMeaning } from './connection.ts';

/**
 * A bulk request ends at the first limit that it reaches. Measured: larger ones or more at once are no
 * faster.
 */
const BATCH_DOCUMENTS = 5_000;
const BATCH_CHARACTERS = 5_000_000;
const IN_FLIGHT = 3;

/** One item of a bulk answer, as much of it as is asked for. */
interface BulkItem {
  readonly status: number;
  readonly error?: {
    readonly type: string;
    readonly reason?: string;
    readonly caused_by?: { readonly reason?: string };
  };
}

interface BulkAnswer {
  readonly items?: readonly { readonly index?: BulkItem; readonly delete?: BulkItem }[];
}

const ASKED_FOR = [
  'error',
  'items.*.status',
  'items.*.error.type',
  'items.*.error.reason',
  'items.*.error.caused_by.reason',
].join(',');

/** Changes that go into one request, and its body. */
interface Batch {
  readonly changes: readonly IndexChange[];
  readonly body: string;
}

/** The changes that were not stored, and why; without `failure` they may be sent again at once. */
interface Outcome {
  readonly left: readonly IndexChange[];
  readonly failure?: unknown;
}

/**
 * Stores and deletes documents with
 * {@link https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docs-bulk.html bulk requests} under
 * external versions, several at once. A request that gets no answer in time is halved, and the next ones go
 * one at a time; they grow again while answers take less than a quarter of the time allowed. One that is
 * refused as too large (413) is halved for good. The size is kept from call to call.
 */
export class BulkWriter {
  readonly #connection: ElasticsearchConnection;
  #most = BATCH_CHARACTERS;
  #characters = BATCH_CHARACTERS;

  constructor(connection: ElasticsearchConnection) {
    this.#connection = connection;
  }

  /**
   * `changes` names an id at most once. Every item's status is checked; only items that failed in a passing
   * way (429, 5xx) are sent again. Whether it resolves or rejects, no request is under way any more.
   * @throws `index:too_large` or `index:timeout` with the document's id when a single one is not accepted.
   */
  async write(index: string, changes: readonly IndexChange[], version: bigint): Promise<void> {
    const waiting = [...changes];
    const patience = this.#connection.patience();
    const stop = new AbortController();
    const sender = async (place: number) => {
      while (waiting.length > 0 && place < this.#inFlight && !stop.signal.aborted) {
        const batch = this.#take(waiting, version);
        const { left, failure } = await this.#send(index, batch);
        // To the end, so that one that is never accepted does not keep the others out.
        waiting.push(...left);
        if (left.length < batch.changes.length) patience.renew();
        if (failure !== undefined) await patience.wait(failure, stop.signal);
      }
    };
    while (waiting.length > 0) {
      const senders = Array.from({ length: this.#inFlight }, (_, place) =>
        sender(place).catch((error) => stop.abort(error)),
      );
      await Promise.all(senders);
      stop.signal.throwIfAborted();
    }
  }

  get #inFlight(): number {
    return this.#characters < this.#most ? 1 : IN_FLIGHT;
  }

  /** Takes from the beginning of `waiting`: at least one change. */
  #take(waiting: IndexChange[], version: bigint): Batch {
    let body = '';
    let count = 0;
    for (const change of waiting) {
      const next = lines(change, version);
      if (count === BATCH_DOCUMENTS || (count > 0 && body.length + next.length > this.#characters)) break;
      body += next;
      count += 1;
    }
    return { changes: waiting.splice(0, count), body };
  }

  async #send(index: string, { changes, body }: Batch): Promise<Outcome> {
    const began = performance.now();
    try {
      const answer = await this.#connection.once((client) =>
        client.transport.request<BulkAnswer>({
          method: 'POST',
          path: `/${encodeURIComponent(index)}/_bulk`,
          querystring: { filter_path: ASKED_FOR },
          bulkBody: body,
        }),
      );
      const quick = performance.now() - began < this.#connection.requestTimeout / 4;
      if (quick && body.length > this.#characters / 2) this.#grow();
      return unstored(changes, answer, index);
    } catch (error) {
      if (!hasCode(error, 'index:timeout') && !hasCode(error, 'index:too_large'))
        return { left: changes, failure: error };
      if (changes.length === 1)
        return { left: changes, failure: aboutDocument(error, index, changes[0], body) };
      this.#shrink(body.length / 2, error.code);
      // Smaller requests may be accepted at once; of those that got no answer, each costs time.
      return { left: changes, failure: error.retriable ? error : undefined };
    }
  }

  #grow(): void {
    this.#characters = Math.min(this.#most, 1.25 * this.#characters);
  }

  #shrink(characters: number, code: ErrorCode): void {
    this.#characters = Math.min(this.#characters, characters);
    if (code === 'index:too_large') this.#most = this.#characters;
  }
}

function aboutDocument(
  { code, message, hint, retriable, cause }: EventlakeError,
  index: string,
  change: IndexChange | undefined,
  body: string,
): EventlakeError {
  const what = `Index ${index} did not take the document of id ${change?.id} (${body.length} characters): ${message}`;
  return new EventlakeError(code, what, { ...(hint !== undefined && { hint }), retriable, cause });
}

function lines({ id, document }: IndexChange, version: bigint): string {
  const target = `{"_id":${JSON.stringify(id)},"version":${version},"version_type":"external_gte"}`;
  if (document === null) return `{"delete":${target}}\n`;
  return `{"index":${target}}\n${document}\n`;
}

/** The changes that a passing fault has kept out, with that fault. Any other fault of an item is thrown. */
function unstored(changes: readonly IndexChange[], answer: BulkAnswer, index: string): Outcome {
  const items = (answer.items ?? []).flatMap((item) => item.index ?? item.delete ?? []);
  if (items.length !== changes.length) {
    throw new EventlakeError(
      'index:not_elasticsearch',
      `Index ${index}: ${changes.length} documents were sent, but the answer is about ${items.length}`,
      { hint: 'Check what stands between this program and ELASTICSEARCH_URL.' },
    );
  }
  let refusal: EventlakeError | undefined;
  let refused = 0;
  let busy: EventlakeError | undefined;
  const left = changes.filter(({ id }, at) => {
    const item = items[at];
    if (item === undefined || isDone(item)) return false;
    const what = `Index ${index} did not take the document of id ${id}: ${item.status} ${reasonOf(item)}`;
    if (statusMeaning(item.status) === 'busy') {
      busy ??= statusFailure(item.status, what);
      return true;
    }
    refused++;
    refusal ??= statusFailure(item.status, what);
    return false;
  });
  if (refusal !== undefined) {
    if (refused === 1) throw refusal;
    throw new EventlakeError(refusal.code, `${refusal.message} (and refused ${refused - 1} more)`, {
      ...(refusal.hint !== undefined && { hint: refusal.hint }),
    });
  }
  return { left, failure: busy };
}

/**
 * Stored or deleted; or a newer version is there (409); or there was nothing to delete (404 without an
 * error).
 */
function isDone({ status, error }: BulkItem): boolean {
  return (status >= 200 && status < 300) || status === 409 || (status === 404 && error === undefined);
}

function reasonOf({ error }: BulkItem): string {
  const parts = [error?.type, error?.reason, error?.caused_by?.reason];
  // Elasticsearch repeats the value that it refuses, however long it is.
  return parts
    .map((part) => part?.slice(0, 300))
    .filter((part) => part !== undefined)
    .join(': ');
}
