import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../generator/random.ts';
import type { AuditReport } from '../../inspection/audit.ts';
import { askOracle, type OracleRequest } from '../oracle/compare.ts';
import { type Environment, json, realServers } from '../stack/end-to-end-environment.ts';
import type { Pipeline } from './fault.ts';
import type { TortureStack } from './stack.ts';

/** Of the topic of the events. */
export const PARTITIONS = 4;
const WAVE_ROWS = 300;
const SOURCE_ROWS = 30_000;

/** The dataset `electronics` on Kafka, MinIO and Elasticsearch. */
export async function openElectronics(_: TortureStack, random: Random): Promise<Pipeline> {
  return electronicsIn(await realServers(), [], random);
}

/** The dataset in this environment, with these options of `process`. */
export function electronicsIn(
  environment: Environment,
  options: readonly string[],
  random: Random,
): Pipeline {
  let source: string[] | undefined;
  return {
    environment,
    dataset: 'electronics',
    options,
    async writeFile(wave) {
      source ??= await generated(environment, random);
      const [header = '', ...lines] = source;
      const from = (wave * WAVE_ROWS) % SOURCE_ROWS;
      const rows = lines.slice(from, from + WAVE_ROWS);
      const name = `wave-${wave}.csv`;
      // The number makes a file of its own of the same lines.
      const text = `${[header, ...rows, `wave ${wave}`].join('\n')}\n`;
      await writeFile(join(environment.folder, name), text, 'latin1');
      return name;
    },
    checkExact: (names) =>
      checkExact(
        environment,
        names.map((name) => ({ file: join(environment.folder, name), name })),
        options,
      ),
  };
}

async function generated(environment: Environment, random: Random): Promise<string[]> {
  const source = join(environment.folder, 'source.csv');
  const args = ['--rows', `${SOURCE_ROWS}`, '--seed', `${random.below(1_000_000)}`, '--out', source];
  await json(environment, ['generate', ...args]);
  return (await readFile(source, 'latin1')).split('\n');
}

/** Audit, Python's computation and index agree, after one more `process`. */
export async function checkExact(
  environment: Environment,
  ingestions: OracleRequest['ingestions'],
  options: readonly string[] = [],
): Promise<void> {
  await json(environment, ['process', ...options]);
  const audit = await json<AuditReport>(environment, ['audit']);
  const { lake, index } = environment;
  const report = await askOracle({ ingestions, partitions: PARTITIONS, lake, index });
  if (report.count === 0) return;
  const found = report.differences.slice(0, 5).join('; ');
  throw new Error(`the oracle differs: ${found}; while the audit balances: ${JSON.stringify(audit)}`);
}
