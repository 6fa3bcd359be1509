import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { thousands } from '../cli/output.ts';
import { BENCH_FOLDER } from './data.ts';
import { bareEnvironment, EVENTLAKE_FLAGS, mustBe, ROOT } from './measure.ts';
import type { Group } from './report.ts';

const FOLDER = join(BENCH_FOLDER, 'rates');
const MOST = 0.05;
/** The least and the greatest rate, and some between them: readings a second, and seconds to watch. */
const RATES = [
  { rate: 0.1, seconds: 125 },
  { rate: 1, seconds: 30 },
  { rate: 10, seconds: 30 },
  { rate: 100, seconds: 30 },
  { rate: 1000, seconds: 30 },
  { rate: 10_000, seconds: 60 },
];

/** Readings that are in the log since the first commit, and the seconds from that to the last one. */
interface Kept {
  readonly rows: number;
  readonly seconds: number;
}

/** `generate --follow`: how closely each rate is kept, by the commits into the local log. */
export async function rates(): Promise<Group> {
  const kept: { rate: number; found: Kept }[] = [];
  for (const { rate, seconds } of RATES) {
    const found = await watch(rate, seconds);
    console.error(`  ${rate}/s: ${found.rows} in ${found.seconds.toFixed(2)} s`);
    kept.push({ rate, found });
  }
  const off = ({ rate, found: { rows, seconds } }: (typeof kept)[number]) => rows / seconds / rate - 1;
  const most = Math.max(...kept.map((one) => Math.abs(off(one))));
  return {
    title: 'Generator: its rate',
    text: `\`eventlake generate co2_live --follow\` into the local log: the readings after its first commit, and the time from that commit to the last one.`,
    figures: [],
    table: {
      headings: ['asked for, a second', 'readings', 'seconds', 'a second', 'off by'],
      rows: kept.map((one) => {
        const { rows, seconds } = one.found;
        const measured = [thousands(rows), seconds.toFixed(2), (rows / seconds).toPrecision(4)];
        return [thousands(one.rate), ...measured, `${(100 * off(one)).toFixed(2)} %`];
      }),
    },
    pledges: [
      {
        promise: `every rate within ${100 * MOST} %`,
        measured: `${(100 * most).toFixed(2)} %`,
        kept: most <= MOST,
      },
    ],
  };
}

async function watch(rate: number, seconds: number): Promise<Kept> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const args = ['generate', 'co2_live', '--follow', '--rate', `${rate}`];
  const child = spawn(process.execPath, [...EVENTLAKE_FLAGS, join(ROOT, 'cli', 'main.ts'), ...args], {
    cwd: ROOT,
    env: { ...bareEnvironment(), EVENTLAKE_HOME: FOLDER, LOG_FORMAT: 'json' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const commits: { at: number; rows: number }[] = [];
  createInterface(child.stderr).on('line', (line) => {
    const said = JSON.parse(line) as { event?: string; events?: number };
    if (said.event === 'commit') commits.push({ at: performance.now(), rows: said.events ?? 0 });
  });
  await sleep(1000 * seconds);
  child.kill('SIGINT');
  mustBe('exit code of generate', (await ended)[0], 0);
  await rm(FOLDER, { recursive: true, force: true });
  const [first, ...later] = commits;
  const rows = later.reduce((sum, commit) => sum + commit.rows, 0);
  return { rows, seconds: ((later.at(-1)?.at ?? 0) - (first?.at ?? 0)) / 1000 };
}
