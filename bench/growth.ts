import { appendFile, copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { thousands } from '../cli/output.ts';
import { BENCH_FOLDER, dataFile } from './data.ts';
import { alternate, bareEnvironment, type Measured, measureEventlake, median, mustBe } from './measure.ts';
import type { BenchOptions, Group } from './report.ts';

const MANY = 10;
const MORE = 10_000;
const FOLDER = join(BENCH_FOLDER, 'growth');
const FILE = join(FOLDER, 'electronics.csv');
/** What the whole job may take, and of it the models. */
const RUN_SECONDS = 8;
const MODELS_SECONDS = 3;

/** A file that grows: ten times the rows are in the lake, and 10,000 more come each time. */
export async function growth({ rows, runs }: BenchOptions): Promise<Group> {
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: FOLDER, LOG_FORMAT: 'json' };
  const whole = () => measureEventlake(['run', 'electronics', '--file', FILE], environment);
  const [, ...lines] = (await readFile(await dataFile(MORE * runs), 'utf8')).trimEnd().split('\n');
  const seconds: number[] = [];
  let added = 0;

  async function more(): Promise<Measured> {
    await appendFile(
      FILE,
      lines
        .slice(added, added + MORE)
        .map((line) => `${line}\n`)
        .join(''),
    );
    added += MORE;
    const measured = await whole();
    mustBe('events in the lake', measured.result.audit.lake.events, rows * MANY + added);
    seconds.push(modelSeconds(measured));
    return measured;
  }

  try {
    await rm(FOLDER, { recursive: true, force: true });
    await mkdir(FOLDER, { recursive: true });
    await copyFile(await dataFile(rows * MANY), FILE);
    await whole();
    const figures = await alternate([{ name: 'eventlake run', rows: MORE, run: more }], runs);
    const [own] = figures;
    return {
      title: 'A lake that grows',
      text: `\`eventlake run\`, from a file that has grown by ${thousands(MORE)} rows to audited profiles, where ${thousands(rows * MANY)} events are in the lake.
The new rows are of the same months, and of customers all over the table.`,
      figures,
      pledges: [
        {
          promise: `the whole run in less than ${RUN_SECONDS} s`,
          measured: `${own.seconds.toFixed(2)} s`,
          kept: own.seconds < RUN_SECONDS,
        },
        {
          promise: `its models in less than ${MODELS_SECONDS} s`,
          measured: `${median(seconds).toFixed(2)} s`,
          kept: median(seconds) < MODELS_SECONDS,
        },
      ],
    };
  } finally {
    await rm(FOLDER, { recursive: true, force: true });
  }
}

/** What the models took, by the log of the run. */
function modelSeconds({ notes }: Measured): number {
  const said = notes
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return said.reduce((sum, { event, seconds }) => sum + (event === 'model' ? seconds : 0), 0);
}
