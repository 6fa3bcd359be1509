import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { thousands } from '../cli/output.ts';
import { stopServer } from '../test/servers/server.ts';
import { remoteOf, startSpark } from '../test/servers/spark.ts';
import { BENCH_FOLDER, dataFile } from './data.ts';
import {
  alternate,
  type Environment,
  type Figures,
  type Measured,
  measureEventlake,
  mustBe,
} from './measure.ts';
import { type BenchOptions, type Group, perSecond, ratio, type Table } from './report.ts';
import { type PeerResult, runPeer, storeSettings } from './spark-peer.ts';
import { findStack, onFreshNames } from './stack.ts';

const MANY = 10;
const FOLDER = join(BENCH_FOLDER, 'spark');
/** As a small cluster is set; both Spark programs have an executor of two cores and a gigabyte. */
const SETTINGS = {
  'spark.driver.memory': '1g',
  'spark.executor.memory': '1g',
  'spark.cores.max': '2',
  'spark.sql.session.timeZone': 'UTC',
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.parquet.outputTimestampType': 'TIMESTAMP_MICROS',
  'spark.sql.parquet.compression.codec': 'zstd',
  'spark.databricks.delta.properties.defaults.enableDeletionVectors': 'false',
  'spark.databricks.delta.properties.defaults.columnMapping.mode': 'none',
};

/** Kafka → Delta tables by both engines, and by the PySpark job that one would write instead. */
export async function spark({ rows, runs }: BenchOptions): Promise<Group> {
  const stack = await findStack();
  const began = performance.now();
  const cluster = await startSpark(FOLDER, {
    settings: { ...SETTINGS, ...storeSettings(stack) },
    javaOptions: '',
  });
  const clusterSeconds = (performance.now() - began) / 1000;
  /** Of the newest run of DuckDB, by rows: what the peer has to find too. */
  const found = new Map<number, unknown[]>();
  /** What starts before the seconds of a line begin. */
  const startUps = new Map<string, number>();

  const own = (engine: string, count: number) => ({
    name: `eventlake process --engine ${engine}`,
    rows: count,
    run: () =>
      onTopic(stack, count, async (environment) => {
        const measured = await measureEventlake(['process', 'electronics', '--engine', engine], {
          ...{ ...environment, ELASTICSEARCH_URL: undefined, SPARK_REMOTE: remoteOf(cluster) },
        });
        mustBe('events archived', measured.result.archive.events, count);
        if (engine === 'duckdb') found.set(count, await profilesOf(environment));
        return measured;
      }),
  });
  const peer = (count: number) => ({
    name: 'PySpark, Structured Streaming',
    rows: count,
    run: () =>
      onTopic(stack, count, async (environment) => {
        const measured = await runPeer(FOLDER, environment);
        const { start, events, profiles, spent }: PeerResult = measured.result;
        mustBe('events of the peer', events, count);
        mustBe('profiles of the peer', [profiles, spent], found.get(count));
        startUps.set('PySpark, Structured Streaming', start);
        return measured;
      }),
  });

  try {
    const of = (count: number) => [own('duckdb', count), own('spark', count), peer(count)] as const;
    const few = await alternate(of(rows), runs);
    const many = await alternate(of(rows * MANY), 1);
    startUps.set(few[1].name, clusterSeconds);
    return {
      title: 'Spark: both engines, and a job of PySpark',
      text: `\`eventlake process\` over a new topic into a new bucket, without an index, by either engine; and \`bench/spark-peer.py\`, the job that one
writes after the guides of Spark and Delta: \`from_json\`, \`availableNow\` with a checkpoint, and the same models. It checks no contract, keeps no rejected rows and
has no audit; that its profiles are as many and add up to the same is checked. Both Spark programs have an executor of two cores and 1 GB,
on the machine that also runs Kafka and MinIO. *start-up* is not in the seconds: of the cluster with its Connect server, which stays, or of the job's own
session. One run of ${thousands(rows * MANY)} rows.`,
      figures: [...few, ...many],
      table: tableOf([few, many], startUps),
      pledges: [few, many].map(([, ours, theirs]) => ({
        promise: `${thousands(ours.rows ?? 0)} events: Spark at least as fast as PySpark`,
        measured: `${ratio(ours, theirs).toFixed(2)} × its time`,
        kept: ratio(ours, theirs) <= 1,
      })),
    };
  } finally {
    await stopServer(cluster, 10);
    await rm(FOLDER, { recursive: true, force: true });
  }
}

/** Does the work where a topic has the events of so many rows. */
async function onTopic(
  stack: Environment,
  rows: number,
  work: (environment: Environment) => Promise<Measured>,
): Promise<Measured> {
  const file = await dataFile(rows);
  return onFreshNames(stack, async (environment) => {
    await measureEventlake(['setup', 'electronics'], environment);
    await measureEventlake(['ingest', 'electronics', '--file', file], environment);
    return work(environment);
  });
}

async function profilesOf(environment: Environment): Promise<unknown[]> {
  const settings = { ...environment, ELASTICSEARCH_URL: undefined };
  const { result } = await measureEventlake(['audit', 'electronics'], settings);
  return [result.profiles.users, result.profiles.totalSpent];
}

function tableOf(sizes: readonly (readonly Figures[])[], startUps: ReadonlyMap<string, number>): Table {
  return {
    headings: ['', 'rows', 'seconds', 'fastest', 'slowest', 'relative', 'rows/s', 'start-up s'],
    rows: sizes.flatMap(([first, ...others]) =>
      first
        ? [first, ...others].map((of) => [
            ...[of.name, thousands(of.rows ?? 0), of.seconds.toFixed(2), of.fastest.toFixed(2)],
            ...[of.slowest.toFixed(2), ratio(of, first).toFixed(2), thousands(perSecond(of))],
            startUps.get(of.name)?.toFixed(1) ?? '',
          ])
        : [],
    ),
  };
}
