import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CDPSession, chromium, type Page } from 'playwright-core';
import { thousands } from '../cli/output.ts';
import type { LiveSeriesAnswer } from '../dashboard/api.ts';
import { requireChromium } from '../test/servers/prerequisites.ts';
import { BENCH_FOLDER } from './data.ts';
import { bareEnvironment, measureEventlake, mustBe } from './measure.ts';
import { type BenchOptions, type Group, megabytes } from './report.ts';
import { startServing } from './serving.ts';

const FOLDER = join(BENCH_FOLDER, 'live');
const RATE = 1000;
const SAMPLE_MS = 10_000;
/** Until then the page is loaded, and every part of the server has worked once. */
const WARM_UP_MINUTES = 5;
/** Lines of the table at most. */
const SHOWN = 10;

/**
 * Memory at one moment, in bytes: of the server's process, and of the page's objects after a collection of
 * garbage.
 */
interface Sample {
  readonly minute: number;
  readonly server: number;
  readonly page: number;
  readonly elements: number;
}

/**
 * An update of the page: when it showed the newest reading, and when that was measured, in milliseconds since
 * the epoch.
 */
interface Update {
  readonly shown: number;
  readonly measured: number;
}

/**
 * `eventlake live` at 1,000 readings a second, and a browser that looks at the page: memory of both, and how
 * late readings are seen.
 */
export async function live({ minutes }: BenchOptions): Promise<Group> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: FOLDER };
  const { server, address, stop } = await startServing(
    ['live', '--rate', `${RATE}`, '--port', '0'],
    environment,
  );
  const browser = await chromium.launch({
    executablePath: await requireChromium(),
    args: ['--no-sandbox'],
  });
  try {
    const page = await browser.newPage();
    const updates = await watch(page);
    await page.goto(address);
    await page.locator('[data-row]').first().waitFor();
    const session = await page.context().newCDPSession(page);
    const samples: Sample[] = [];
    const began = performance.now();
    const passed = () => (performance.now() - began) / 60_000;
    while (passed() < minutes) {
      await sleep(SAMPLE_MS);
      const sample = {
        minute: passed(),
        server: await resident(server.pid ?? 0),
        ...(await heap(session)),
      };
      samples.push(sample);
      if (samples.length % 6 === 0)
        console.error(
          `  minute ${sample.minute.toFixed(0)}: server ${megabytes(sample.server)} MB, page ${megabytes(sample.page)} MB`,
        );
    }
    const watched = passed();
    await browser.close();
    mustBe('exit code of live', await stop('SIGINT'), 0);
    mustBe('updates of the page', updates.length > 0, true);
    const readings = await countExactly(environment);
    return report(samples, updates, readings, watched);
  } finally {
    await browser.close();
    if (server.exitCode === null) await stop('SIGTERM');
    await rm(FOLDER, { recursive: true, force: true });
  }
}

/**
 * Collects the updates of the page: the rows of an answer say when they were measured, the page's clock when
 * the newest was there.
 */
async function watch(page: Page): Promise<Update[]> {
  const measured = new Map<string, number>();
  const updates: Update[] = [];
  page.on('response', async (response) => {
    if (!response.url().includes('/api/live/series') || response.status() !== 200) return;
    const { rows } = (await response.json()) as LiveSeriesAnswer;
    const row = rows.at(-1);
    if (row) measured.set(`${row.log_partition}/${row.log_offset}`, Date.parse(String(row.measured_at)));
  });
  await page.exposeFunction('shown', async (row: string, at: number) => {
    // The answer is told by another channel, which may be later.
    while (!measured.has(row)) await sleep(10);
    updates.push({ shown: at, measured: measured.get(row) ?? Number.NaN });
    measured.clear();
  });
  await page.addInitScript(`
    let last = null;
    new MutationObserver(() => {
      const row = document.querySelector('[data-row]')?.getAttribute('data-row') ?? null;
      if (row === null || row === last) return;
      last = row;
      // After it was painted.
      requestAnimationFrame(() => setTimeout(() => shown(row, Date.now()), 0));
    }).observe(document, { subtree: true, childList: true, attributes: true });`);
  return updates;
}

async function resident(process: number): Promise<number> {
  const status = await readFile(`/proc/${process}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

async function heap(session: CDPSession): Promise<{ page: number; elements: number }> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  return { page: usedSize, elements: nodes };
}

/** All readings that were generated; CSV files and lake must have each once. */
async function countExactly(environment: ReturnType<typeof bareEnvironment>): Promise<number> {
  const exported = await measureEventlake(['export', 'co2_live', '--rotate', '50MB'], environment);
  await measureEventlake(['process', 'co2_live'], environment);
  const { result } = await measureEventlake(['audit', 'co2_live'], environment);
  mustBe('the audit', result.balanced, true);
  mustBe('readings of the CSV files', exported.result.totalRows, result.file.rows);
  return result.file.rows;
}

/**
 * How late each reading was seen: those since the update before are there with the next one. Milliseconds,
 * ascending, one for every 10 ms.
 */
function delays(updates: readonly Update[]): number[] {
  const all: number[] = [];
  for (const [i, { shown, measured }] of updates.entries()) {
    const before = updates[i - 1]?.measured ?? measured;
    for (let at = measured; at > before; at -= 10) all.push(shown - at);
  }
  return all.sort((a, b) => a - b);
}

function report(
  samples: readonly Sample[],
  updates: readonly Update[],
  readings: number,
  minutes: number,
): Group {
  const warm = samples.filter(({ minute }) => minute >= Math.min(WARM_UP_MINUTES, minutes / 2));
  const late = delays(updates);
  const share = (of: number) => ((late[Math.floor(of * late.length)] ?? Number.NaN) / 1000).toFixed(1);
  const gaps = updates.slice(1).map(({ shown }, i) => shown - (updates[i]?.shown ?? shown));
  gaps.sort((a, b) => a - b);
  const gap = (of: number) => ((gaps[Math.floor(of * gaps.length)] ?? Number.NaN) / 1000).toFixed(1);
  const half = warm.length >> 1;
  const growth = (of: 'server' | 'page') =>
    peak(warm.slice(half), of) / Math.max(1, peak(warm.slice(0, half), of)) - 1;
  const step = Math.max(1, Math.ceil(samples.length / SHOWN));
  const shown = samples.filter((_, i) => (i + 1) % step === 0);
  const pledge = (of: 'server' | 'page', most: number) => ({
    promise: `the ${of}'s memory after the first ${WARM_UP_MINUTES} minutes: its peak in the second half within ${100 * most} % of that in the first`,
    measured: `${growth(of) < 0 ? '' : '+'}${(100 * growth(of)).toFixed(1)} %`,
    kept: growth(of) <= most,
  });
  return {
    title: 'Live: 1,000 readings a second',
    text: `\`eventlake live --rate ${RATE}\` for ${minutes.toFixed(0)} minutes, and a browser that shows the page, which asks every two seconds. ${thousands(readings)} readings
were generated, and ${thousands(updates.length)} updates seen, one every ${gap(0.5)} s (median; ${gap(0.99)} s: 99 %); afterwards log, CSV files and lake have each reading once. A reading was seen ${share(0.5)} s (median) and ${share(0.99)} s (99 %)
after it was measured, at most ${share(1 - 1 / late.length)} s. The server is the resident memory of the one process; the page is the size of its objects after a collection
of garbage. Megabytes.`,
    figures: [],
    table: {
      headings: ['minute', 'server MB', 'page MB', 'nodes of the page'],
      rows: shown.map(({ minute, server, page, elements }) => [
        minute.toFixed(1),
        megabytes(server),
        megabytes(page),
        thousands(elements),
      ]),
    },
    pledges: [pledge('server', 0.1), pledge('page', 0.1)],
  };
}

function peak(samples: readonly Sample[], of: 'server' | 'page'): number {
  return Math.max(...samples.map((sample) => sample[of]));
}
