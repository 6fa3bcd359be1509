import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { thousands } from '../cli/output.ts';
import { pythonFolder } from '../test/servers/python.ts';
import { locate, POSTGRES } from '../test/servers/test-servers.ts';
import {
  alternate,
  bareEnvironment,
  type Figures,
  measure,
  measureProgram,
  mustBe,
  ROOT,
} from './measure.ts';
import { type BenchOptions, type Group, type Pledge, perSecond, ratio } from './report.ts';
import { ask, drop, fresh, lakeOf, publish, urlOn } from './warehouse-place.ts';

const TABLES = ['dim_date', 'dim_product', 'dim_location', 'dim_user_agent', 'fact_sales'];
/** What the row-wise peer is given: it would take minutes for all. */
const SAMPLE_ROWS = 50_000;
const MIGRATIONS = join(ROOT, 'config', 'datasets', 'product_views', 'migrations');

/**
 * The lake's tables into PostgreSQL: against a loop of COPY and INSERT … ON CONFLICT on the same rows, and
 * against a data frame whose rows are inserted one by one.
 */
export async function warehouse({ rows, runs }: BenchOptions): Promise<Group> {
  const server = (await locate(POSTGRES)).address;
  const home = await lakeOf(rows);
  const copies = join(home, 'copies');
  const url = urlOn(server);
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: home, WAREHOUSE_URL: url };
  const sample = join(home, 'sample.csv');
  const python = join(await pythonFolder('python-bench', '../../bench/requirements.txt'), 'bin', 'python');
  let facts = 0;

  const process = (mode: string) => async () => {
    await fresh(server);
    const measured = await publish(environment, mode);
    facts = Number(measured.result.published.at(-1).stored);
    await copyOut(url, copies, sample);
    return measured;
  };
  const again = async () => {
    const measured = await publish(environment, 'batch');
    mustBe('outcome of the second run', measured.result.publish.outcome, 'up_to_date');
    return measured;
  };
  const loop = async () => {
    await fresh(server);
    for (const file of (await readdir(MIGRATIONS)).sort())
      await ask(url, await readFile(join(MIGRATIONS, file), 'utf8'));
    const measured = await measure([join('bench', 'copy-loop.ts'), copies], environment);
    const [count] = await ask(url, 'SELECT count(*) AS n FROM fact_sales');
    mustBe('facts of the loop', count?.n, facts);
    return measured;
  };

  const rowWise = async () => {
    // The loop has left the dimensions that these facts refer to.
    await ask(url, 'TRUNCATE fact_sales');
    return measureProgram(python, [join('bench', 'pandas_loop.py'), sample], environment);
  };

  try {
    const [batch, second, partition, peer, pandas] = await alternate(
      [
        { name: 'eventlake process, batch', rows, run: process('batch') },
        { name: 'eventlake process, nothing new', rows: null, run: again },
        { name: 'eventlake process, partition', rows, run: process('partition') },
        { name: 'loop of COPY and ON CONFLICT', rows, run: loop },
        { name: 'pandas to_sql', rows: SAMPLE_ROWS, run: rowWise },
      ],
      runs,
    );
    return {
      title: 'Warehouse: lake → PostgreSQL',
      text: `\`eventlake process product_views\` with a lake of ${thousands(rows)} messages that is up to date, into an empty database: ${thousands(facts)} facts and four dimensions, with
primary and foreign keys and indexes. The loop copies the same rows from files, 20,000 at a time, into a temporary table and inserts them
\`ON CONFLICT DO NOTHING\` into the same tables; it reads no lake, compares nothing and records nothing.
pandas inserts ${thousands(SAMPLE_ROWS)} of these facts from a CSV file with its \`to_sql\`, one INSERT … ON CONFLICT DO NOTHING for each row, 10,000 at a time; the
dimensions are there already. \`eventlake process\` writes ${(perSecond(batch) / perSecond(pandas)).toFixed(1)} times as many rows a second.`,
      figures: [batch, partition, peer, pandas, second],
      pledges: pledges(batch, peer, second),
    };
  } finally {
    await drop(server);
    for (const path of [copies, sample]) await rm(path, { recursive: true, force: true });
  }
}

function pledges(own: Figures, peer: Figures, second: Figures): Pledge[] {
  const times = ratio(own, peer);
  return [
    {
      promise: 'at most 1.3 times as long as the loop',
      measured: `${times.toFixed(2)} ×`,
      kept: times <= 1.3,
    },
    {
      promise: 'a second run with nothing new in less than 1.5 s',
      measured: `${second.seconds.toFixed(2)} s`,
      kept: second.seconds < 1.5,
    },
  ];
}

/** The rows of all tables as files for the loop, in the order in which they are inserted, and a sample. */
async function copyOut(url: string, folder: string, sample: string): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(folder);
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const [i, table] of TABLES.entries()) {
    const rows = client.query(copyTo(`COPY ${table} TO STDOUT`));
    await pipeline(rows, createWriteStream(join(folder, `${i}-${table}.tsv`)));
  }
  const some = `SELECT * FROM fact_sales ORDER BY sales_key LIMIT ${SAMPLE_ROWS}`;
  const csv = client.query(copyTo(`COPY (${some}) TO STDOUT (FORMAT csv, HEADER)`));
  await pipeline(csv, createWriteStream(sample));
  await client.end();
}
