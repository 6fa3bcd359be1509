import { appendFile, copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { thousands } from '../cli/output.ts';
import { BENCH_FOLDER, dataFile, emptyFolder } from './data.ts';
import { DUCKDB_ALONE, measureDuckDbAlone } from './duckdb-alone.ts';
import { alternate, bareEnvironment, type Measured, measureEventlake, median, mustBe } from './measure.ts';
import { type BenchOptions, type Group, type Pledge, ratio } from './report.ts';

const MANY = 10;
const MORE = 10_000;
const FOLDER = join(BENCH_FOLDER, 'growth');
const FILE = join(FOLDER, 'electronics.csv');
const PEER_FOLDER = join(BENCH_FOLDER, 'growth-duckdb');
/**
 * What the whole job may take, and of it the models, on a machine where DuckDB alone takes this long for the
 * rows that the promises are about.
 */
const RUN_SECONDS = 8;
const MODELS_SECONDS = 3;
const PEER_SECONDS = 2.1;

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

  async function duckdb(): Promise<Measured> {
    const measured = await measureDuckDbAlone(await dataFile(rows), PEER_FOLDER);
    mustBe('events of DuckDB alone', measured.result.events, rows);
    return measured;
  }

  try {
    await emptyFolder(FOLDER);
    await copyFile(await dataFile(rows * MANY), FILE);
    await whole();
    const figures = await alternate(
      [
        { name: 'eventlake run', rows: MORE, run: more },
        { name: `${DUCKDB_ALONE}, from nothing`, rows, run: duckdb },
      ],
      runs,
    );
    const [own, peer] = figures;
    const models = median(seconds);
    return {
      title: 'A lake that grows',
      text: `\`eventlake run\`, from a file that has grown by ${thousands(MORE)} rows to audited profiles, where ${thousands(rows * MANY)} events are in the lake.
The new rows are of the same months, and of customers all over the table. DuckDB alone does what it does in the group before, over
${thousands(rows)} rows: it tells how fast the machine is at the moment. The promises are ${RUN_SECONDS} s and ${MODELS_SECONDS} s where that takes ${PEER_SECONDS} s.`,
      figures,
      pledges: [
        pledge('the whole run', RUN_SECONDS, own.seconds, ratio(own, peer)),
        pledge('its models', MODELS_SECONDS, models, models / peer.seconds),
      ],
    };
  } finally {
    for (const folder of [FOLDER, PEER_FOLDER]) await rm(folder, { recursive: true, force: true });
  }
}

/** `times` is what was measured as a multiple of DuckDB alone. */
function pledge(what: string, promised: number, seconds: number, times: number): Pledge {
  const most = promised / PEER_SECONDS;
  return {
    promise: `${what} in less than ${most.toFixed(2)} times what DuckDB alone takes`,
    measured: `${times.toFixed(2)} × (${seconds.toFixed(2)} s)`,
    kept: times < most,
  };
}

/** What the models took, by the log of the run. */
function modelSeconds({ notes }: Measured): number {
  const said = notes
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return said.reduce((sum, { event, seconds }) => sum + (event === 'model' ? seconds : 0), 0);
}
