import { styleText } from 'node:util';
import type { Command } from 'commander';

/** Calls that `--help` of a command shows; every command has some. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'check-data': ['check-data', 'check-data electronics --file data/new.csv.gz'],
  generate: [
    'generate electronics --rows 20000 --seed 7 --out data/electronics.csv',
    'generate co2_live --follow --rate 10',
  ],
  export: ['export co2_live', 'export co2_live --follow --rotate 50MB --keep 5'],
  ingest: ["ingest electronics --file 'data/*.csv'", 'ingest electronics data/first.csv data/second.csv.gz'],
  process: ['process', 'process electronics --follow', 'process electronics --max-rejected 5%'],
  run: ['run', 'run electronics product_views', 'run electronics --file data/new.csv'],
  status: ['status', 'status electronics product_views --json'],
  audit: ['audit', 'audit electronics --json'],
  health: ['health', 'health kafka --timeout 5'],
  rejected: ['rejected', 'rejected electronics --limit 5'],
  profile: ['profile 1515915625438750129', 'profile electronics 1515915625438750129 --json'],
  report: ['report product_views', 'report product_views top_countries'],
  reset: ['reset electronics', 'reset electronics --yes'],
  setup: ['setup electronics'],
  demo: ['demo', 'demo product_views'],
  dashboard: ['dashboard', 'dashboard electronics --port 8081'],
  live: ['live', 'live co2_live --rate 20'],
  datasets: ['datasets', 'datasets --json'],
};

/** Gives the help of a command its examples, and headings that stand out. */
export function withHelp(command: Command): Command {
  const lines = (EXAMPLES[command.name()] ?? []).map((example) => `  eventlake ${example}`);
  return (
    command
      // Commander removes the styles where there is no terminal, or NO_COLOR is set.
      .configureHelp({ styleTitle: bold })
      .addHelpText('after', `\n${['Examples:', ...lines].join('\n')}`)
  );
}

function bold(text: string): string {
  return styleText('bold', text, { validateStream: false });
}
