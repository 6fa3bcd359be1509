import { styleText } from 'node:util';
import type { Command } from 'commander';

/** Calls that `--help` of a command shows; every command has some. `datasets` lists what DATASET may be. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'check-data': ['check-data', 'check-data DATASET --file data/new.csv.gz'],
  generate: [
    'generate DATASET --rows 20000 --seed 7 --out data/new.csv',
    'generate DATASET --follow --rate 10',
  ],
  export: ['export DATASET', 'export DATASET --follow --rotate 50MB --keep 5'],
  ingest: ["ingest DATASET --file 'data/*.csv'", 'ingest DATASET data/first.csv data/second.csv.gz'],
  process: ['process', 'process DATASET --follow', 'process DATASET --max-rejected 5%'],
  run: ['run', 'run DATASET ANOTHER', 'run DATASET --file data/new.csv'],
  status: ['status', 'status DATASET ANOTHER --json'],
  audit: ['audit', 'audit DATASET --json'],
  health: ['health', 'health kafka --timeout 5'],
  rejected: ['rejected', 'rejected DATASET --limit 5'],
  profile: ['profile 1515915625438750129', 'profile DATASET 1515915625438750129 --json'],
  report: ['report DATASET', 'report DATASET REPORT --date 2024-01-31'],
  reset: ['reset DATASET', 'reset DATASET --yes'],
  setup: ['setup DATASET'],
  demo: ['demo', 'demo DATASET'],
  dashboard: ['dashboard', 'dashboard DATASET --port 8081'],
  live: ['live', 'live DATASET --rate 20'],
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
