import type { Problem } from '../../../api.ts';
import { BASE } from './base.ts';

/** The server said no, or nothing. */
export class AskError extends Error {
  readonly problem: Problem['error'];
  constructor(problem: Problem['error']) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The code of a question that nobody answered. */
export const NO_SERVER = 'page:no_server';
const NOT_MODIFIED = 304;
const BUSY = 503;
const ATTEMPTS = 4;

/**
 * The JSON at `url`. It is asked for again where nobody answers, and where the server says that it is
 * temporary, as when a table is being rewritten.
 * @throws AskError with what the server says is wrong.
 */
export async function ask<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await send(url, init, ATTEMPTS);
  return (await response.json()) as T;
}

/**
 * An answer that can be asked for again with its ETag, and the server's time. `answer` is null where it is
 * the one of the ETag that was sent.
 */
export interface Tagged<T> {
  readonly answer: T | null;
  readonly tag: string;
  /** Milliseconds since the epoch, in whole seconds. */
  readonly at: number;
}

/** Asks once for the JSON at `url`, unless it is still the one with this ETag. @throws AskError */
export async function askIfChanged<T>(url: string, tag: string, signal: AbortSignal): Promise<Tagged<T>> {
  const response = await send(url, { headers: { 'if-none-match': tag }, signal });
  const answer = response.status === NOT_MODIFIED ? null : ((await response.json()) as T);
  const { headers } = response;
  return { answer, tag: headers.get('etag') ?? '', at: Date.parse(headers.get('date') ?? '') };
}

/** Sends `body` as JSON to `url`. @throws AskError */
export function post(url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

async function send(url: string, init: RequestInit, attempts = 1): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(BASE + url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    if (attempts > 1) {
      await pause(1);
      return send(url, init, attempts - 1);
    }
    throw new AskError({
      code: NO_SERVER,
      message: 'The dashboard does not answer',
      hint: 'Is it still running? Start it again: make dashboard. This page then continues by itself.',
    });
  }
  if (response.ok || response.status === NOT_MODIFIED) return response;
  if (response.status === BUSY && attempts > 1) {
    await pause(Number(response.headers.get('retry-after') ?? 1));
    return send(url, init, attempts - 1);
  }
  const said = (await response.json().catch(() => null)) as Problem | null;
  throw new AskError(
    said?.error ?? { code: 'page:no_answer', message: `The server answered ${response.status}`, hint: null },
  );
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** What to show of an error. */
export function problemOf(error: unknown): Problem['error'] {
  if (error instanceof AskError) return error.problem;
  return { code: 'page:fault', message: error instanceof Error ? error.message : String(error), hint: null };
}

/**
 * `path` with those parameters that are not null; an empty category or brand asks for the events that have
 * none.
 */
export function withQuery(path: string, parameters: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null) query.set(name, value);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
