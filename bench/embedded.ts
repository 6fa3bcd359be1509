import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BENCH_FOLDER, dataFile, emptyFolder } from './data.ts';
import { DUCKDB_ALONE, measureDuckDbAlone } from './duckdb-alone.ts';
import {
  alternate,
  bareEnvironment,
  type Figures,
  type Measured,
  measureEventlake,
  mustBe,
} from './measure.ts';
import { type BenchOptions, type Group, megabytes, type Pledge, ratio } from './report.ts';

const MANY = 10;
const FOLDER = join(BENCH_FOLDER, 'embedded');

/**
 * The whole job in one process: against DuckDB that does nothing else, with ten times the rows, and again.
 */
export async function embedded({ rows, runs }: BenchOptions): Promise<Group> {
  const file = await dataFile(rows);
  const manyFile = await dataFile(rows * MANY);
  /** Of the newest run of `file`: what DuckDB alone has to find too. */
  let audited: unknown[] = [];

  async function first(): Promise<Measured> {
    await emptyFolder(FOLDER);
    const measured = await run(file);
    const { events, users, totalSpent } = measured.result.audit.profiles;
    mustBe('events of the run', measured.result.ingest.events, rows);
    audited = [rows, users, events, totalSpent];
    return measured;
  }

  async function again(): Promise<Measured> {
    const measured = await run(file);
    mustBe('outcome of the second run', measured.result.ingest.outcome, 'nothing_new');
    return measured;
  }

  async function duckdb(): Promise<Measured> {
    const measured = await measureDuckDbAlone(file, FOLDER);
    const { events, profiles, distinct, spent } = measured.result;
    mustBe('what DuckDB alone found', [events, profiles, distinct, spent], audited);
    return measured;
  }

  async function many(): Promise<Measured> {
    await emptyFolder(FOLDER);
    const measured = await run(manyFile);
    mustBe('events of the large run', measured.result.ingest.events, rows * MANY);
    return measured;
  }

  try {
    const [own, second, peer, tenfold] = await alternate(
      [
        { name: 'eventlake run', rows, run: first },
        { name: 'eventlake run, nothing new', rows: null, run: again },
        { name: DUCKDB_ALONE, rows, run: duckdb },
        { name: `eventlake run, ${MANY} × the rows`, rows: rows * MANY, run: many },
      ],
      runs,
    );
    return {
      title: 'Embedded: the whole job in one process',
      text: `\`eventlake run\`, from the CSV file to audited profiles, in an empty folder each time. DuckDB alone does CSV → zstd Parquet → the
same models → zstd Parquet in two threads, reading the file the fastest way that it can (all columns as text, \`try_strptime\`, casts), without a
log, checks, commits or an audit; that its profiles are as many and add up to the same is checked.`,
      figures: [own, peer, tenfold, second],
      pledges: pledges(own, peer, tenfold, second),
    };
  } finally {
    await rm(FOLDER, { recursive: true, force: true });
  }
}

function pledges(own: Figures, peer: Figures, tenfold: Figures, second: Figures): Pledge[] {
  const [timesRaw, timesLarge, growth] = [
    ratio(own, peer),
    ratio(tenfold, own),
    tenfold.peakBytes / own.peakBytes - 1,
  ];
  return [
    {
      promise: 'at most 3 times as long as DuckDB alone',
      measured: `${timesRaw.toFixed(2)} ×`,
      kept: timesRaw <= 3,
    },
    {
      promise: 'below 500 MB at its peak',
      measured: `${megabytes(own.peakBytes)} MB`,
      kept: own.peakBytes < 500e6,
    },
    {
      promise: '10 times the rows in at most 10.5 times the time',
      measured: `${timesLarge.toFixed(2)} ×`,
      kept: timesLarge <= 10.5,
    },
    {
      promise: '10 times the rows in memory within 20 %',
      measured: `${growth < 0 ? '' : '+'}${(growth * 100).toFixed(0)} %`,
      kept: growth <= 0.2,
    },
    {
      promise: 'a second run with nothing new in less than 1.5 s',
      measured: `${second.seconds.toFixed(2)} s`,
      kept: second.seconds < 1.5,
    },
  ];
}

function run(file: string): Promise<Measured> {
  return measureEventlake(['run', 'electronics', '--file', file], {
    ...bareEnvironment(),
    EVENTLAKE_HOME: FOLDER,
  });
}
