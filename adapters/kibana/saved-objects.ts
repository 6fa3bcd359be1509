import { EventlakeError } from '../../core/errors.ts';

/** Why Kibana did not take one object, as much of it as is read. */
interface ImportFailure {
  readonly type: string;
  readonly id: string;
  readonly meta?: { readonly title?: string };
  readonly error: {
    readonly type: string;
    readonly message?: string;
    readonly references?: readonly { readonly type: string; readonly id: string }[];
  };
}

/** What the import answers, see {@link importSavedObjects}. */
interface ImportAnswer {
  readonly success: boolean;
  readonly successCount: number;
  readonly errors?: readonly ImportFailure[];
}

/** Kibana answers one of these while it starts, and so does what stands in front of a Kibana that is away. */
const NOT_READY = new Set([429, 502, 503, 504]);
const TIMEOUT_MS = 60_000;

/**
 * Imports objects into Kibana with its
 * {@link https://www.elastic.co/guide/en/kibana/8.19/saved-objects-api-import.html saved objects API}; those
 * that are there already are overwritten, so it may be repeated. Asks once and waits for nothing.
 *
 * @param url Kibana's address with its base path, if it has one; may carry a user and password, which are
 *   never shown.
 * @param ndjson One object a line, as Kibana exports them.
 * @returns How many objects were imported: all of them.
 * @throws EventlakeError `kibana:unreachable`, retriable, when nothing answers or Kibana is not ready;
 *   `kibana:rejected` when it did not take every object, naming each with its reason, or when what answers is
 *   not Kibana or wants another login.
 */
export async function importSavedObjects(url: string, ndjson: Buffer): Promise<number> {
  const { address, status, text } = await post(url, ndjson);
  if (NOT_READY.has(status)) {
    throw new EventlakeError(
      'kibana:unreachable',
      `Kibana at ${address} is not ready: ${said(status, text)}`,
      {
        retriable: true,
        hint: 'It takes a minute to start; its log says what it waits for.',
      },
    );
  }
  const answer = answerIn(text);
  if (status !== 200 || !answer) {
    throw new EventlakeError('kibana:rejected', `Kibana at ${address} took nothing: ${said(status, text)}`, {
      hint:
        status === 401 || status === 403
          ? 'Put a user who may manage saved objects into KIBANA_URL: http://user:password@host:5601'
          : 'Check that KIBANA_URL is the address of a Kibana 8.19 and nothing else.',
    });
  }
  const sent = ndjson.toString().trimEnd().split('\n').length;
  if (!answer.success || answer.successCount !== sent) {
    const refused = answer.errors?.map((failure) => `\n${explain(failure)}`) ?? [];
    throw new EventlakeError(
      'kibana:rejected',
      `Kibana at ${address} took ${answer.successCount} of ${sent} objects${refused.join('')}`,
      { hint: 'What it took is in place. Correct what the reasons name, then import again.' },
    );
  }
  return answer.successCount;
}

async function post(url: string, ndjson: Buffer): Promise<{ address: string; status: number; text: string }> {
  const target = new URL(url);
  const { username, password } = target;
  target.username = '';
  target.password = '';
  const address = target.href.replace(/\/$/, '');
  const body = new FormData();
  body.append('file', new Blob([ndjson], { type: 'application/ndjson' }), 'objects.ndjson');
  try {
    const response = await fetch(`${address}/api/saved_objects/_import?overwrite=true`, {
      method: 'POST',
      headers: { 'kbn-xsrf': 'true', ...(username && { authorization: basicLogin(username, password) }) },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { address, status: response.status, text: await response.text() };
  } catch (cause) {
    throw new EventlakeError(
      'kibana:unreachable',
      `Kibana at ${address} cannot be reached: ${reason(cause)}`,
      {
        retriable: true,
        hint: 'Check that it runs and that KIBANA_URL is right.',
        cause,
      },
    );
  }
}

function basicLogin(username: string, password: string): string {
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}

function answerIn(text: string): ImportAnswer | undefined {
  try {
    const answer = JSON.parse(text);
    return typeof answer?.success === 'boolean' ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** The status and Kibana's own message, or the beginning of any other answer. */
function said(status: number, text: string): string {
  let message = text;
  try {
    message = JSON.parse(text)?.message ?? text;
  } catch {
    // not JSON: shown as it is
  }
  return `${status} ${String(message).replace(/\s+/g, ' ').trim().slice(0, 300)}`.trim();
}

function explain({ type, id, meta, error }: ImportFailure): string {
  const missing = new Set(error.references?.map((reference) => `${reference.type} ${reference.id}`));
  const details = [error.type, error.message, [...missing].join(', ')].filter(Boolean).join(': ');
  return `${type} ${id}${meta?.title ? ` ("${meta.title}")` : ''}: ${details}`;
}

/** What `fetch` hides below its "fetch failed". */
function reason(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  const { code, message } = (inner ?? error) as { code?: string; message?: string };
  return message || code || 'no answer';
}
