import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, isDeepStrictEqual } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { type Environment, embedded, outcomeOf, start } from './end-to-end-environment.ts';

/**
 * What takes longer than this does not come: it fails, with what was waited for, before the time limit of the
 * test.
 */
const PATIENCE_MS = 90_000;
const WEB = join(import.meta.dirname, '..', '..', 'dashboard', 'web');

/** A dashboard in a process of its own, and a browser to look at it. */
export interface Dashboard {
  readonly environment: Environment;
  /** What was ingested. */
  readonly file: string;
  readonly address: string;
  readonly browser: Browser;
  /** Opens a path in a browser that remembers nothing. */
  open(path: string, options?: Parameters<Browser['newContext']>[0]): Promise<Opened>;
  /** Ends the server; the browser stays. */
  stop(): Promise<void>;
  /** Starts the server again, at the same address. */
  startAgain(): Promise<void>;
  close(): Promise<void>;
}

/** A page that is watched. */
export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Paths with query of all requests, in order. */
  readonly requests: string[];
  /**
   * Errors on the console and of scripts, answers that are errors, requests to elsewhere; should stay empty.
   */
  readonly faults: string[];
}

/** Serves a lake made of generated rows; of none where `rows` is 0. `prepare` gives settings of its own. */
export async function openDashboard(
  rows = 5000,
  prepare: (environment: Environment) => Promise<Record<string, string>> = async () => ({}),
): Promise<Dashboard> {
  const executablePath = process.env.EVENTLAKE_TEST_CHROMIUM;
  if (!executablePath) throw new Error('EVENTLAKE_TEST_CHROMIUM is not set: run this in the stack project');
  requirePage();
  const stores = await embedded();
  const environment = { ...stores, variables: { ...stores.variables, ...(await prepare(stores)) } };
  const file = join(environment.folder, 'events.csv');
  if (rows > 0) {
    const size = ['--rows', `${rows}`, '--seed', '7', '--dirty', '0.02', '--out', file];
    await command(environment, ['generate', ...size]);
    await command(environment, ['run', '--file', file]);
  }
  let { address, stop } = await serve(environment, '0');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] }).catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    environment,
    file,
    address,
    browser,
    async open(path, options) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const watched = watch(page, address);
      await page.goto(address + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      return { page, context, ...watched };
    },
    stop: () => stop(),
    async startAgain() {
      ({ address, stop } = await serve(environment, new URL(address).port));
    },
    async close() {
      await browser.close();
      await stop();
      await environment.remove();
    },
  };
}

/** Starts a server at a port, 0 for any. */
export async function serve(
  environment: Environment,
  port: string,
): Promise<{ address: string; stop: () => Promise<void> }> {
  const server = start(environment, ['dashboard', '--port', port]);
  const ended = once(server, 'close');
  server.stderr?.resume();
  const address = await inTime(addressOf(server), 'the address of the dashboard', () =>
    server.kill('SIGKILL'),
  );
  return {
    address,
    async stop() {
      server.kill('SIGTERM');
      await inTime(ended, 'the dashboard to end', () => server.kill('SIGKILL'));
    },
  };
}

/** What the server prints once it listens. */
async function addressOf(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('the dashboard has no output');
  for await (const line of createInterface(server.stdout)) {
    const address = /http:\S+/.exec(line)?.[0];
    if (address) return address;
  }
  throw new Error('the dashboard ended before it listened');
}

/** `make` builds it before the tests; a test that is run by hand may find none. */
function requirePage(): void {
  if (!existsSync(join(WEB, 'dist', 'index.html')))
    throw new Error('The page is not built. Build it: npx vite build dashboard/web');
}

function watch(page: Page, address: string): { requests: string[]; faults: string[] } {
  const requests: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => {
    const { origin, pathname, search, protocol } = new URL(request.url());
    if (origin === address) requests.push(pathname + search);
    else if (protocol !== 'blob:' && protocol !== 'data:') faults.push(`a request to ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  page.on('console', (message) => {
    // The browser's own line about such an answer says less.
    if (message.text().startsWith('Failed to load resource: the server responded')) return;
    // An interface of the machine came or went, as when containers start; the page asks again.
    if (message.text().includes('net::ERR_NETWORK_CHANGED')) return;
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  return { requests, faults };
}

/** Runs a command, which must succeed in time. */
export async function command(environment: Environment, args: readonly string[]): Promise<void> {
  const child = start(environment, args);
  const name = `eventlake ${args.join(' ')}`;
  const { code, stdout, stderr } = await inTime(outcomeOf(child), `the end of ${name}`, () =>
    child.kill('SIGKILL'),
  );
  if (code !== 0) throw new Error(`${name} exited with ${code}:\n${stderr}${stdout}`);
}

/** What is waited for, or an error that says so; then `giveUp` is called. */
async function inTime<T>(awaited: Promise<T>, what: string, giveUp: () => void): Promise<T> {
  const stop = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: stop.signal }).then(() => {
    giveUp();
    throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`);
  });
  try {
    return await Promise.race([awaited, late]);
  } finally {
    late.catch(() => {});
    stop.abort();
  }
}

/** Waits until what is read equals what is expected. */
export async function eventually<T>(read: () => Promise<T>, expected: T): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await read();
    if (isDeepStrictEqual(found, expected)) return;
    if (Date.now() > end)
      throw new Error(`waited ${PATIENCE_MS / 1000} s for ${inspect(expected)}, found ${inspect(found)}`);
    await sleep(50);
  }
}

/** Waits until the view has a heading and no part of it is loading. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await eventually(() => page.locator('[aria-busy="true"], .skeleton, .stale').count(), 0);
}

/** A panel by its title. */
export function panel(page: Page, title: string): Locator {
  return page.getByRole('region', { name: title, exact: true });
}

/** `[label, number]` of every bar or column of a panel. */
export function bars(page: Page, title: string): Promise<[string, number][]> {
  return panel(page, title)
    .locator('.bars > li, .histogram > li')
    .evaluateAll((items) =>
      items.map((item) => {
        const text = (part: string) => item.querySelector(part)?.textContent ?? '';
        return [text('.label'), Number(/^[\d,]+/.exec(text('.value'))?.[0].replaceAll(',', ''))];
      }),
    );
}

/** A bar that can be clicked. */
export function bar(page: Page, title: string, label: string): Locator {
  return panel(page, title)
    .getByRole('button')
    .filter({ has: page.getByText(label, { exact: true }) });
}
