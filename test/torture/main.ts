import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../generator/random.ts';
import { installPython } from '../servers/python.ts';
import { disturb, type Result } from './campaign.ts';
import type { Fault } from './fault.ts';
import { CONNECTION_FAULTS } from './faults/connections.ts';
import { PROCESS_FAULTS } from './faults/processes.ts';
import { SCENARIOS } from './faults/scenarios.ts';
import { startTortureStack, type TortureStack } from './stack.ts';

/**
 * Injects every fault again and again at random moments into a pipeline on servers of its own, and proves that the result is exact.
 * SEED=, ROUNDS= (20) and ONLY=name,name in the environment. Ends with 1 when a fault did not end as it should, or never fired.
 */

const FAULTS: readonly Fault[] = [...SCENARIOS, ...PROCESS_FAULTS, ...CONNECTION_FAULTS];
const RESULTS = join(import.meta.dirname, '..', '..', 'test-results');

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.ROUNDS ?? 20);
const only = process.env.ONLY?.split(',');
const chosen = FAULTS.filter(({ name }) => only === undefined || only.includes(name));
if (chosen.length === 0)
  throw new Error(`ONLY names no fault. There are: ${FAULTS.map(({ name }) => name).join(', ')}`);

process.env.EVENTLAKE_TEST_PYTHON = await installPython();
console.log(`SEED=${seed} ROUNDS=${rounds}`);
const stack = await startTortureStack();
const results: (Result & { name: string })[] = [];
try {
  for (const fault of chosen) {
    // The stream of random numbers goes with the fault, so that ONLY= repeats it.
    const random = new Random(seed, FAULTS.indexOf(fault));
    const result =
      'play' in fault ? await play(stack, fault, random) : await disturb(stack, fault, random, rounds);
    results.push({ name: fault.name, ...result });
    console.log(line(fault.name, result));
    if (result.failure !== null) console.log(result.failure);
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, 'torture.json'), `${JSON.stringify({ seed, rounds, results }, null, 2)}\n`);
  }
} finally {
  await stack.close();
}
const wrong = results.filter(({ failure, fired }) => failure !== null || fired === 0);
console.log(`SEED=${seed}: ${results.length} faults, ${wrong.length} of them failed`);
process.exitCode = wrong.length > 0 ? 1 : 0;

function line(name: string, { injected, fired, failure }: Result): string {
  return `${name.padEnd(28)} injected ${injected}, fired ${fired}, ${failure === null ? 'exact' : 'FAILED'}`;
}

/** Plays a scenario so many times, each with stores of its own, until one ends wrongly. */
async function play(
  stack: TortureStack,
  fault: Extract<Fault, { play: unknown }>,
  random: Random,
): Promise<Result> {
  let fired = 0;
  for (let round = 0; round < rounds; round++) {
    try {
      if ((await fault.play({ stack, random })) > 0) fired++;
    } catch (error) {
      return { injected: round + 1, fired, failure: `${error}` };
    } finally {
      stack.http.minio.heal();
      stack.http.elasticsearch.heal();
    }
  }
  return { injected: rounds, fired, failure: null };
}
