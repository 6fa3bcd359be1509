import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../generator/random.ts';
import { readLake } from '../../oracle/read-lake.ts';
import { realServers } from '../../stack/end-to-end-environment.ts';
import { electronicsIn } from '../electronics.ts';
import type { Ongoing, PassingFault, Pipeline, Target } from '../fault.ts';
import type { SparkCluster } from '../spark-cluster.ts';
import type { TortureStack } from '../stack.ts';
import { FOLLOWER_KILL } from './processes.ts';

/** A batch takes Spark some seconds, and a follower some to begin: kills come at any moment of both. */
const MOMENTS_MS = 15_000;
/** Between two files, so that there are not many more of them than Spark has batches. */
const PAUSE_MS = 3_000;
/** Files that Spark has written are in folders of their own. */
const FILES_OF_SPARK = `
uri, options = request
print(sum("/batch-" in file for file in DeltaTable(uri, storage_options=options).file_uris()))`;

/** Electronics, computed by Spark: in the end some of the events must be in files that it has written. */
async function openOnSpark(stack: TortureStack, random: Random): Promise<Pipeline> {
  const own = await realServers();
  const variables = { ...own.variables, SPARK_REMOTE: clusterOf(stack).remote };
  const environment = { ...own, variables };
  const pipeline = electronicsIn(environment, ['--engine', 'spark'], random);
  return {
    ...pipeline,
    async writeFile(wave) {
      await sleep(PAUSE_MS);
      return pipeline.writeFile(wave);
    },
    async checkExact(names) {
      await pipeline.checkExact(names);
      const { uri, options } = environment.lake;
      const files = Number(await readLake(FILES_OF_SPARK, [`${uri}/events`, options]));
      if (!(files > 0)) throw new Error('no file of events was written by Spark');
    },
  };
}

function clusterOf({ spark }: TortureStack): SparkCluster {
  if (!spark) throw new Error('there is no Spark cluster');
  return spark;
}

function onSpark(
  fault: Pick<PassingFault, 'name' | 'how' | 'outcome'>,
  inject: (target: Target) => Promise<Ongoing>,
): PassingFault {
  return {
    ...{ ...fault, open: openOnSpark, holdMs: 0 },
    async inject(target) {
      await sleep(target.random.below(MOMENTS_MS));
      return inject(target);
    },
  };
}

/** Kills while Spark is the engine. */
export const SPARK_FAULTS: readonly PassingFault[] = [
  onSpark(
    {
      name: 'spark-follower-kill',
      how: 'kill -9 of a follower whose engine is Spark',
      outcome: 'the next one continues; exact',
    },
    FOLLOWER_KILL.inject,
  ),
  onSpark(
    {
      name: 'spark-executor-kill',
      how: "kill -9 of Spark's executor; its worker starts another one",
      outcome: 'Spark computes again what is lost; exact',
    },
    async ({ stack }) => {
      await clusterOf(stack).killExecutor();
      return { fired: () => 1, heal: async () => {} };
    },
  ),
  onSpark(
    {
      name: 'spark-connect-kill',
      how: 'kill -9 of the Spark Connect server, then a start of the cluster',
      outcome: 'waits for it, and opens a new session; exact',
    },
    async ({ stack }) => {
      const cluster = clusterOf(stack);
      cluster.killConnect();
      return { fired: () => 1, heal: () => cluster.restart() };
    },
  ),
];
