import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { table, thousands } from '../cli/output.ts';
import { type Figures, ROOT } from './measure.ts';

/** What a bench run was asked for. */
export interface BenchOptions {
  readonly rows: number;
  readonly runs: number;
  /** How long the live readings are watched. */
  readonly minutes: number;
}

/** A figure that the project promises, and what came of it. */
export interface Pledge {
  readonly promise: string;
  readonly measured: string;
  readonly kept: boolean;
}

/** One comparison: its table and the promises that it shows kept or broken. */
export interface Group {
  readonly title: string;
  /** What was done, in Markdown. */
  readonly text: string;
  /** The project's own figures come first: the others' times are shown relative to them. */
  readonly figures: readonly Figures[];
  /** Further columns, with one value for each of the figures. */
  readonly extra?: readonly { readonly heading: string; readonly values: readonly string[] }[];
  readonly pledges: readonly Pledge[];
  /** In the place of the figures' own table, where it is not whole processes that are measured. */
  readonly table?: Table;
}

/** Texts of a table. */
export interface Table {
  readonly headings: string[];
  readonly rows: string[][];
}

/** The rows that the promises are about. */
export const PROMISED_ROWS = 885_129;

/** How often `a` takes the time of `b`. */
export function ratio(a: Figures, b: Figures): number {
  return a.seconds / b.seconds;
}

export function perSecond({ rows, seconds }: Figures): number {
  return Math.round((rows ?? 0) / seconds);
}

/** Millions of bytes. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0);
}

/** The installed version of a package that is compared with, as part of its name. */
export function withVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
  return `${name} ${version}`;
}

function tableOf({ figures, extra = [], table: own }: Group): Table {
  if (own) return own;
  const first = figures[0];
  return {
    headings: [
      '',
      'rows',
      'seconds',
      'fastest',
      'slowest',
      'relative',
      'rows/s',
      'CPU s',
      'peak MB',
      ...extra.map(({ heading }) => heading),
    ],
    rows: figures.map((of, i) => [
      of.name,
      of.rows === null ? '' : thousands(of.rows),
      of.seconds.toFixed(2),
      of.fastest.toFixed(2),
      of.slowest.toFixed(2),
      first ? ratio(of, first).toFixed(2) : '',
      of.rows === null ? '' : thousands(perSecond(of)),
      of.cpuSeconds.toFixed(2),
      megabytes(of.peakBytes),
      ...extra.map(({ values }) => values[i] ?? ''),
    ]),
  };
}

/** A group for the terminal. */
export function groupText(group: Group): string {
  const { headings, rows } = tableOf(group);
  const pledges = group.pledges.map(
    ({ promise, measured, kept }) => `  ${kept ? '✔' : '✘'} ${promise}: ${measured}`,
  );
  return ['', group.title, '', group.text, '', table(headings, rows), '', ...pledges].join('\n');
}

/** The whole run as the text of docs/benchmarks.md. */
export function markdown(groups: readonly Group[], { rows, runs }: BenchOptions): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${gigabytes} GiB of memory`;
  const size =
    rows === PROMISED_ROWS
      ? ''
      : `\n**The promises are about ${thousands(PROMISED_ROWS)} rows; this run was of ${thousands(rows)}.**\n`;
  return `# Benchmarks

Written by \`make bench\`; a new run replaces it.

| | |
|---|---|
| machine | ${machine} |
| Node | ${process.version} |
| date | ${new Date().toISOString().slice(0, 10)} |
| rows | ${thousands(rows)}, synthetic, in the measured shape of the electronics file |
| runs | ${runs} of each, in turn: A B A B … |
${size}
Every figure is of a whole process, from its start to its end, but for the dashboard's, which are of one request. Seconds and CPU seconds (user and system) are medians; the peak of
resident memory is the highest of all runs, in millions of bytes. *relative* is the time as a multiple of the first line's. What a server
uses is not in the CPU and memory of its clients.

${groups.map(groupMarkdown).join('\n')}
## To repeat it

\`\`\`sh
make bench                                     # all of it; starts Kafka, MinIO and Elasticsearch unless their addresses are set
npx node bench/main.ts --only embedded         # one group: prints it, and leaves this file as it is
npx node bench/main.ts --rows 50000 --runs 5   # other sizes
npx node bench/main.ts --only live --minutes 5 # a shorter look at the live readings
npx node bench/main.ts --skip-stack            # without servers
\`\`\`

The data is made by the project's generator and kept in \`.eventlake/bench/\`. Other programs that are busy at the same time make all
times longer; a wide range from fastest to slowest shows it.
`;
}

function groupMarkdown(group: Group): string {
  const { headings, rows } = tableOf(group);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const promises = [
    line(['promised', 'measured', '']),
    '|---|--:|---|',
    ...group.pledges.map(({ promise, measured, kept }) => line([promise, measured, kept ? '✔' : '✘'])),
  ];
  return [
    `## ${group.title}`,
    '',
    group.text,
    '',
    line(headings),
    `|---|${'--:|'.repeat(headings.length - 1)}`,
    ...rows.map(line),
    '',
    ...(group.pledges.length > 0 ? [...promises, ''] : []),
  ].join('\n');
}
