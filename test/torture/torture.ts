import { Random } from '../../generator/random.ts';
import { disturb, MOST_TRIES, type Result } from './campaign.ts';
import type { Fault, RepeatedFault } from './fault.ts';
import { AWKWARD_FOLDER } from './faults/awkward-folder.ts';
import { CHANGES_BY_HAND } from './faults/by-hand.ts';
import { COMPRESSED_BOMB } from './faults/compressed-bomb.ts';
import { CONNECTION_FAULTS } from './faults/connections.ts';
import { DAMAGED_LOGS } from './faults/damaged-log.ts';
import { FEW_FILES } from './faults/few-files.ts';
import { FOREIGN_LAKE } from './faults/foreign-lake.ts';
import { FULL_LOCAL_DISK, FULL_STORE } from './faults/full-disk.ts';
import { PAGE_FAULTS } from './faults/page.ts';
import { PROCESS_FAULTS } from './faults/processes.ts';
import { CONSUMER_QUOTA } from './faults/quota.ts';
import { READ_ONLY_HOME } from './faults/read-only-home.ts';
import { SCENARIOS } from './faults/scenarios.ts';
import { SPARK_FAULTS } from './faults/spark.ts';
import { WAREHOUSE_FAULTS } from './faults/warehouse.ts';
import { startTortureStack, type TortureStack } from './stack.ts';

export const FAULTS: readonly Fault[] = [
  ...SCENARIOS,
  ...PROCESS_FAULTS,
  ...CONNECTION_FAULTS,
  ...CHANGES_BY_HAND,
  CONSUMER_QUOTA,
  FULL_LOCAL_DISK,
  FULL_STORE,
  ...WAREHOUSE_FAULTS,
  ...SPARK_FAULTS,
  ...DAMAGED_LOGS,
  FOREIGN_LAKE,
  FEW_FILES,
  READ_ONLY_HOME,
  AWKWARD_FOLDER,
  ...PAGE_FAULTS,
  COMPRESSED_BOMB,
];

/** What to inject: each of these faults so many times. The same seed draws the same moments. */
export interface Torture {
  readonly seed: number;
  readonly rounds: number;
  readonly faults: readonly Fault[];
  /** Told of each fault when it is through. */
  onResult(fault: Fault, result: Result): void;
}

/** Starts servers of its own, and injects one fault after the other. */
export async function torture({ seed, rounds, faults, onResult }: Torture): Promise<void> {
  const stack = await startTortureStack({
    minioDisk: faults.includes(FULL_STORE),
    postgres: WAREHOUSE_FAULTS.some((fault) => faults.includes(fault)),
    spark: SPARK_FAULTS.some((fault) => faults.includes(fault)),
  });
  const stop = async () => {
    await stack.close();
    process.exit(1);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    for (const fault of faults) {
      // The stream of random numbers goes with the fault, so that ONLY= repeats it.
      const random = new Random(seed, FAULTS.indexOf(fault));
      if ('inject' in fault) onResult(fault, await disturb(stack, fault, random, rounds));
      else if ('play' in fault)
        onResult(fault, await repeat(stack, () => fault.play({ stack, random }), rounds));
      else onResult(fault, await harm(stack, fault, random, rounds));
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await stack.close();
  }
}

/** Opens stores, and harms them until the fault has fired so many times. */
async function harm(
  stack: TortureStack,
  fault: RepeatedFault,
  random: Random,
  rounds: number,
): Promise<Result> {
  const harmed = await fault.openHarmed({ stack, random });
  try {
    const result = await repeat(stack, () => harmed.inject(), rounds);
    if (result.failure !== null) return result;
    const failure = await harmed.checkExact().then(
      () => null,
      (error) => `${error}`,
    );
    return { ...result, failure };
  } finally {
    await harmed.close();
  }
}

/** Injects until it has fired so many times, or one injection has ended wrongly. */
async function repeat(stack: TortureStack, inject: () => Promise<number>, rounds: number): Promise<Result> {
  let injected = 0;
  let fired = 0;
  while (fired < rounds && injected < MOST_TRIES * rounds) {
    injected++;
    try {
      if ((await inject()) > 0) fired++;
    } catch (error) {
      return { injected, fired, failure: `${error}` };
    } finally {
      stack.http.minio.heal();
      stack.http.elasticsearch.heal();
    }
  }
  return { injected, fired, failure: null };
}
