import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { positive } from '../cli/command.ts';
import { thousands } from '../cli/output.ts';
import { EventlakeError } from '../core/errors.ts';
import { dashboard } from './dashboard.ts';
import { embedded } from './embedded.ts';
import { growth } from './growth.ts';
import { ingest } from './ingest.ts';
import { live } from './live.ts';
import { ROOT } from './measure.ts';
import { parser } from './parser.ts';
import { processing } from './process.ts';
import { rates } from './rates.ts';
import { type BenchOptions, type Group, groupText, markdown, PROMISED_ROWS } from './report.ts';
import { smallBatches } from './small-batches.ts';
import { spark } from './spark.ts';
import { warehouse } from './warehouse.ts';
import { increment } from './warehouse-increment.ts';
import { writer } from './writer.ts';

const GROUPS = {
  embedded,
  growth,
  ingest,
  process: processing,
  'small-batches': smallBatches,
  warehouse,
  'warehouse-increment': increment,
  spark,
  dashboard,
  rates,
  live,
  writer,
  parser,
};
const ON_SERVERS = ['ingest', 'process', 'small-batches', 'warehouse', 'warehouse-increment', 'spark'];
const DOCUMENT = join(ROOT, 'docs', 'benchmarks.md');

interface Options extends BenchOptions {
  readonly only?: keyof typeof GROUPS;
  readonly skipStack?: boolean;
}

const program = new Command('bench')
  .description(
    'Measures the pipeline against peers; prints tables and, when all is measured, writes docs/benchmarks.md.',
  )
  .option('--rows <n>', 'rows of synthetic data', positive, PROMISED_ROWS)
  .option('--runs <n>', 'runs of each; medians are shown', positive, 3)
  .option('--minutes <n>', 'how long the live readings are watched', positive, 30)
  .addOption(new Option('--only <group>', 'measure one group').choices(Object.keys(GROUPS)))
  .option('--skip-stack', 'leave out the groups that need servers')
  .parse();

try {
  await benchmark(program.opts<Options>());
} catch (error) {
  const known = error instanceof EventlakeError;
  console.error(known ? `${error.message}\n${error.hint ?? ''}` : error);
  process.exitCode = 1;
}
// Clients may hold sockets open for a while.
process.exit();

async function benchmark(options: Options): Promise<void> {
  const { only, skipStack, rows } = options;
  const groups: Group[] = [];
  for (const [name, measureGroup] of Object.entries(GROUPS)) {
    if ((only ?? name) !== name || (skipStack && ON_SERVERS.includes(name))) continue;
    console.error(`${name} …`);
    const group = await measureGroup(options);
    groups.push(group);
    console.log(groupText(group));
  }
  if (rows !== PROMISED_ROWS) console.log(`\nThe promises are about ${thousands(PROMISED_ROWS)} rows.`);
  if (groups.length < Object.keys(GROUPS).length) {
    console.log('\ndocs/benchmarks.md is left as it is: not all groups were measured.');
    return;
  }
  await writeFile(DOCUMENT, markdown(groups, options));
  console.log('\nWritten to docs/benchmarks.md.');
}
