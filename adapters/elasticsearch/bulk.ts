import type { IndexChange } from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { type ElasticsearchConnection, statusFailure, statusMeaning } from './connection.ts';

/** A bulk request ends at the first limit that it reaches. Measured: larger ones or more at once are no faster. */
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

/**
 * Stores and deletes documents with {@link https://www.elastic.co/guide/en/elasticsearch/reference/8.19/docs-bulk.html bulk requests}
 * under external versions, several at once. `changes` names an id at most once. Every item's status is checked; only items that
 * failed in a passing way (429, 5xx) are sent again. Whether it resolves or rejects, no request is under way any more.
 */
export async function writeBulk(
  connection: ElasticsearchConnection,
  index: string,
  changes: readonly IndexChange[],
  version: bigint,
): Promise<void> {
  const stop = new AbortController();
  const queue = batches(changes);
  // Leaving a loop by an error ends the queue for the others too.
  const sender = async () => {
    for (const batch of queue) await writeBatch(connection, index, batch, version, stop.signal);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, () => sender().catch((error) => stop.abort(error))));
  if (stop.signal.aborted) throw stop.signal.reason;
}

function* batches(changes: readonly IndexChange[]): Generator<readonly IndexChange[]> {
  let start = 0;
  let characters = 0;
  for (const [at, { document }] of changes.entries()) {
    characters += document?.length ?? 0;
    if (at + 1 - start < BATCH_DOCUMENTS && characters < BATCH_CHARACTERS) continue;
    yield changes.slice(start, at + 1);
    start = at + 1;
    characters = 0;
  }
  if (start < changes.length) yield changes.slice(start);
}

async function writeBatch(
  connection: ElasticsearchConnection,
  index: string,
  batch: readonly IndexChange[],
  version: bigint,
  signal: AbortSignal,
): Promise<void> {
  const patience = connection.patience();
  let left = batch;
  while (left.length > 0) {
    try {
      const answer = await send(connection, index, left, version);
      const busy = unstored(left, answer, index);
      left = busy.changes;
      if (busy.failure !== undefined) throw busy.failure;
    } catch (failure) {
      await patience.wait(failure, signal);
    }
  }
}

function send(
  connection: ElasticsearchConnection,
  index: string,
  changes: readonly IndexChange[],
  version: bigint,
): Promise<BulkAnswer> {
  const body = changes.map((change) => lines(change, version)).join('');
  return connection.once((client) =>
    client.transport.request<BulkAnswer>({
      method: 'POST',
      path: `/${encodeURIComponent(index)}/_bulk`,
      querystring: { filter_path: ASKED_FOR },
      bulkBody: body,
    }),
  );
}

function lines({ id, document }: IndexChange, version: bigint): string {
  const target = `{"_id":${JSON.stringify(id)},"version":${version},"version_type":"external_gte"}`;
  if (document === null) return `{"delete":${target}}\n`;
  // In JSON a line break can only stand between tokens; in a bulk request it would end the document.
  const line = document.includes('\n') ? document.replaceAll('\n', ' ') : document;
  return `{"index":${target}}\n${line}\n`;
}

/** The changes that a passing fault has kept out, with that fault. Any other fault of an item is thrown. */
function unstored(
  changes: readonly IndexChange[],
  answer: BulkAnswer,
  index: string,
): { changes: readonly IndexChange[]; failure?: EventlakeError } {
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
  return busy === undefined ? { changes: left } : { changes: left, failure: busy };
}

/** Stored or deleted; or a newer version is there (409); or there was nothing to delete (404 without an error). */
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
