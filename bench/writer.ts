import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BENCH_FOLDER, dataFile } from './data.ts';
import {
  alternate,
  bareEnvironment,
  EVENTLAKE_FLAGS,
  type Measured,
  measure,
  measureEventlake,
  mustBe,
} from './measure.ts';
import { type BenchOptions, type Group, megabytes, ratio, withVersion } from './report.ts';

const FOLDER = join(BENCH_FOLDER, 'writer');
const OWN = join(import.meta.dirname, 'archive-writer.ts');
const PEER = join(import.meta.dirname, 'parquetjs-writer.ts');

/**
 * The log's JSON events into Parquet files: the archive stage against the writer in JavaScript that feeds on
 * rows.
 */
export async function writer({ rows, runs }: BenchOptions): Promise<Group> {
  const environment = { ...bareEnvironment(), EVENTLAKE_HOME: FOLDER };
  const file = await dataFile(rows);

  const run = async (args: readonly string[]): Promise<Measured> => {
    for (const made of ['lake', 'cache', 'peer'])
      await rm(join(FOLDER, made), { recursive: true, force: true });
    await mkdir(join(FOLDER, 'peer'), { recursive: true });
    const measured = await measure(args, environment);
    mustBe('rows written', measured.result.rows, rows);
    return measured;
  };

  try {
    await rm(FOLDER, { recursive: true, force: true });
    await measureEventlake(['ingest', 'electronics', '--file', file], environment);
    const figures = await alternate(
      [
        { name: 'eventlake, archive stage', rows, run: () => run([...EVENTLAKE_FLAGS, OWN]) },
        { name: withVersion('parquetjs-lite'), rows, run: () => run([PEER]) },
      ],
      runs,
    );
    const [own, peer] = figures;
    return {
      title: 'Writer: JSON events into Parquet files',
      text: `Both read the same events from the same local log. The archive stage stages them as text, has DuckDB check and type them and write them by month
with zstd, and commits the files to a Delta table. parquetjs-lite is given row by row what \`JSON.parse\` makes of each event, and writes one file with
Snappy, its fastest; it holds neither 19 digits nor decimals exactly, so it gets those ids as text and the prices as doubles, and nothing is
checked or committed. The archive stage is ${ratio(peer, own).toFixed(1)} times as fast.`,
      figures,
      extra: [{ heading: 'written MB', values: figures.map(({ result }) => megabytes(result.bytes)) }],
      pledges: [],
    };
  } finally {
    await rm(FOLDER, { recursive: true, force: true });
  }
}
