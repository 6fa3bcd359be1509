/**
 * Makes the pictures of the page in docs/images, from synthetic data in a lake of their own:
 * `make screenshots`. WebP, as a PNG of the same view is four times as large.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { requireChromium } from '../test/servers/prerequisites.ts';

const MAIN = join(import.meta.dirname, '..', 'cli', 'main.ts');
const IMAGES = join(import.meta.dirname, 'images');
const QUALITY = 82;
/** Readings for one minute fill the shortest window of the view Live. */
const LIVE_MS = 70_000;

const LOADING = '[aria-busy="true"], .skeleton, .stale';

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly height: number;
  readonly theme?: 'light' | 'dark';
  /** Milliseconds from the opening of the page to the picture. */
  readonly wait?: number;
}

const PICTURES: Picture[] = [
  { name: 'page-overview', path: '/', height: 1000 },
  {
    name: 'page-overview-dark',
    path: '/?segment=buyer&from=2020-12-01&to=2020-12-28',
    height: 1000,
    theme: 'dark',
  },
  { name: 'page-pipeline', path: '/pipeline', height: 900 },
  { name: 'page-reports', path: '/datasets/product_views/reports', height: 1290 },
];
const LIVE: Picture = {
  name: 'page-live',
  path: '/live?window=1m&by=city',
  height: 1000,
  theme: 'dark',
  wait: LIVE_MS,
};

const folder = await mkdtemp(join(tmpdir(), 'screenshots-'));
const browser = await chromium.launch({
  executablePath: await requireChromium(),
  args: ['--no-sandbox'],
});
try {
  await mkdir(join(folder, 'data'));
  for (const [dataset, rows, file] of [
    ['electronics', 200_000, 'data/electronics.csv'],
    ['product_views', 50_000, 'data/product_views.ndjson'],
  ] as const) {
    await eventlake(['generate', dataset, '--rows', `${rows}`, '--seed', '1', '--out', file]);
    await eventlake(['run', dataset, '--file', file]);
  }
  await served(['dashboard'], (address) => take(browser, address, PICTURES));
  await served(['live', '--rate', '20'], (address) => take(browser, address, [LIVE]));
} finally {
  await browser.close();
  await rm(folder, { recursive: true });
}

function start(args: readonly string[]) {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, EVENTLAKE_HOME: '.eventlake', DATASET: 'electronics' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function eventlake(args: readonly string[]): Promise<void> {
  const child = start(args);
  child.stdout.resume();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`eventlake ${args.join(' ')} exited with ${code}`);
}

/** Serves the page while `look` looks at it. */
async function served(args: readonly string[], look: (address: string) => Promise<void>): Promise<void> {
  const child = start([...args, '--port', '0']);
  const ended = once(child, 'close');
  try {
    for await (const line of createInterface(child.stdout)) {
      const [address] = /http:\/\/[^/\s]+/.exec(line) ?? [];
      if (address === undefined) continue;
      await look(address);
      break;
    }
  } finally {
    child.kill('SIGINT');
    child.stdout.resume();
    await ended;
  }
}

async function take(browser: Browser, address: string, pictures: readonly Picture[]): Promise<void> {
  for (const { name, path, height, theme = 'light', wait = 0 } of pictures) {
    const context = await browser.newContext({ colorScheme: theme, viewport: { width: 1280, height } });
    // However long a busy machine takes.
    context.setDefaultTimeout(0);
    const page = await context.newPage();
    await page.goto(address + path);
    await page.locator('.panel').first().waitFor();
    await sleep(wait);
    while ((await page.locator(LOADING).count()) > 0) await sleep(100);
    const session = await context.newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
    await writeFile(join(IMAGES, `${name}.webp`), Buffer.from(data, 'base64'));
    await context.close();
  }
}
