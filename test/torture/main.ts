import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPython } from '../servers/python.ts';
import type { Result } from './campaign.ts';
import { FAULTS, torture } from './torture.ts';

/**
 * `make torture`: injects every fault again and again at random moments into a pipeline on servers of its
 * own, and proves that the result is exact. SEED=, ROUNDS= (20) and ONLY=name,name in the environment. Writes
 * test-results/torture.json. Ends with 1 when a fault did not end as it should, or never fired.
 */

const RESULTS = join(import.meta.dirname, '..', '..', 'test-results');
const seed = Number(process.env.SEED || Date.now() % 1_000_000);
const rounds = Number(process.env.ROUNDS || 20);
const only = process.env.ONLY?.split(',').filter((name) => name !== '') ?? [];
const faults = FAULTS.filter(({ name }) => only.length === 0 || only.includes(name));
const names = FAULTS.map(({ name }) => name);
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`No fault is named ${unknown}. There are: ${names.join(', ')}`);

process.env.EVENTLAKE_TEST_PYTHON = await installPython();
mkdirSync(RESULTS, { recursive: true });
console.log(`SEED=${seed} ROUNDS=${rounds}`);
console.log(row('fault', 'injected', 'fired', 'exact', 'failed'));
const results: (Result & { name: string })[] = [];
await torture({
  seed,
  rounds,
  faults,
  onResult({ name }, result) {
    results.push({ name, ...result });
    const { injected, fired, failure } = result;
    const isExact = failure === null;
    console.log(row(name, `${injected}`, `${fired}`, isExact ? 'yes' : 'NO', isExact ? '' : `${failure}`));
    writeFileSync(join(RESULTS, 'torture.json'), `${JSON.stringify({ seed, rounds, results }, null, 2)}\n`);
  },
});
const wrong = results.filter(({ failure, fired }) => failure !== null || fired === 0);
console.log(`SEED=${seed}: ${results.length} faults, ${wrong.length} of them failed`);
process.exitCode = wrong.length > 0 ? 1 : 0;

function row(name: string, ...cells: string[]): string {
  return [name.padEnd(28), ...cells.map((cell) => cell.padStart(8))].join(' ').trimEnd();
}
