import { Random } from '../../generator/random.ts';
import { disturb, type Result } from './campaign.ts';
import type { Fault, Scenario } from './fault.ts';
import { CHANGES_BY_HAND } from './faults/by-hand.ts';
import { CONNECTION_FAULTS } from './faults/connections.ts';
import { FULL_LOCAL_DISK, FULL_STORE } from './faults/full-disk.ts';
import { PROCESS_FAULTS } from './faults/processes.ts';
import { CONSUMER_QUOTA } from './faults/quota.ts';
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
      const isScenario = 'play' in fault;
      onResult(
        fault,
        await (isScenario ? play(stack, fault, random, rounds) : disturb(stack, fault, random, rounds)),
      );
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await stack.close();
  }
}

/** Plays a scenario so many times, each with stores of its own, until one ends wrongly. */
async function play(
  stack: TortureStack,
  scenario: Scenario,
  random: Random,
  rounds: number,
): Promise<Result> {
  let fired = 0;
  for (let round = 0; round < rounds; round++) {
    try {
      if ((await scenario.play({ stack, random })) > 0) fired++;
    } catch (error) {
      return { injected: round + 1, fired, failure: `${error}` };
    } finally {
      stack.http.minio.heal();
      stack.http.elasticsearch.heal();
    }
  }
  return { injected: rounds, fired, failure: null };
}
