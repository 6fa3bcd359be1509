import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { thousands } from '../cli/output.ts';
import { BENCH_FOLDER, dataFile } from './data.ts';
import { bareEnvironment, measureEventlake, mustBe } from './measure.ts';
import type { BenchOptions, Group } from './report.ts';
import { startServing } from './serving.ts';

const MANY = 10;
const FOLDER = join(BENCH_FOLDER, 'dashboard');
/** Requests of each panel; the median and the slowest are shown. */
const REQUESTS = 7;
const PANELS = [
  'overview',
  'overview/days',
  'overview/spend',
  'overview/categories',
  'overview/brands',
  'overview?segment=buyer',
  'overview/days?segment=buyer',
  'overview/categories?from=2020-11-01&to=2020-11-30',
  'overview/brands?segment=loyal&from=2021-01-01',
  'entities?sort=total_spent&order=desc',
  'entities?sort=last_seen&order=asc&offset=100000',
];

/**
 * How long the dashboard's panels take, one request at a time, from the request to the last byte of the
 * answer.
 */
export async function dashboard({ rows }: BenchOptions): Promise<Group> {
  const some = await panels(rows, 300);
  const many = await panels(rows * MANY, 2000);
  return {
    title: 'Dashboard: its panels',
    text: `One request at a time, ${REQUESTS} of each panel, after the first overview had been answered, which waits until the dashboard has prepared
its facts of the table: ${some.first.toFixed(1)} s after the start with ${thousands(rows)} events, ${many.first.toFixed(1)} s with ${thousands(rows * MANY)}. Milliseconds.`,
    figures: [],
    table: {
      headings: ['', ...[rows, rows * MANY].flatMap((n) => [`${thousands(n)}, median`, 'slowest'])],
      rows: PANELS.map((panel, i) => [
        `\`${panel}\``,
        ...[some, many].flatMap(({ times }) => (times[i] ?? []).map((ms) => ms.toFixed(0))),
      ]),
    },
    pledges: [pledge(rows, some), pledge(rows * MANY, many)],
  };
}

/** What the panels took: of each the median and the slowest, in milliseconds; `first` in seconds. */
interface Taken {
  readonly first: number;
  readonly times: readonly (readonly [number, number])[];
  readonly limit: number;
}

function pledge(rows: number, { times, limit }: Taken) {
  const worst = Math.max(...times.map(([median]) => median));
  return {
    promise: `every panel in less than ${limit} ms at ${thousands(rows)} events`,
    measured: `${worst.toFixed(0)} ms`,
    kept: worst < limit,
  };
}

async function panels(rows: number, limit: number): Promise<Taken> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: FOLDER };
  await measureEventlake(['run', 'electronics', '--file', await dataFile(rows)], environment);
  const began = performance.now();
  const { address, stop } = await startServing(['dashboard', 'electronics', '--port', '0'], environment);
  try {
    mustBe('events of the overview', (await ask(address, 'overview')).answer.events, rows);
    const first = (performance.now() - began) / 1000;
    const times: [number, number][] = [];
    for (const panel of PANELS) {
      const taken: number[] = [];
      for (let i = 0; i < REQUESTS; i += 1) taken.push((await ask(address, panel)).milliseconds);
      taken.sort((a, b) => a - b);
      times.push([taken[REQUESTS >> 1] ?? Number.NaN, taken.at(-1) ?? Number.NaN]);
    }
    return { first, times, limit };
  } finally {
    await stop('SIGTERM');
    await rm(FOLDER, { recursive: true, force: true });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: only the number of events is looked at
async function ask(address: string, panel: string): Promise<{ milliseconds: number; answer: any }> {
  const began = performance.now();
  const response = await fetch(`${address}/api/${panel}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(`${panel}: ${JSON.stringify(answer)}`);
  return { milliseconds: performance.now() - began, answer };
}
