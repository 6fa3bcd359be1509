import type { Command } from 'commander';
import { CONFIGURED_DATASET, DEFAULT_DATASET } from './command.ts';

const COMMAND = /\beventlake (reset|run|ingest|process|rejected|audit)\b/g;
const TARGET = /\bmake (reset YES=1 demo|reset YES=1|status|dashboard|rejected)(?![\w-]| DATASET=)/g;

/**
 * A hint names commands and make's targets without a dataset: of another one than the default, its name
 * belongs after them, or `eventlake reset` would wipe the wrong lake.
 */
export function forDataset(hint: string, dataset: string | null): string {
  if (dataset === null || isTakenByItself(dataset)) return hint;
  return hint
    .replace(TARGET, `$& DATASET=${dataset}`)
    .replace(COMMAND, (command, _name, at: number, text: string) => {
      const [next = ''] = /^ [^ `,;)]+/.exec(text.slice(at + command.length)) ?? [];
      return next === ` ${dataset}` || next === ' <dataset>' ? command : `${command} ${dataset}`;
    });
}

/**
 * Whether the next command takes this dataset where none is named. What make is told on its command line is
 * in this process's environment, and not in that of the next command.
 */
function isTakenByItself(dataset: string): boolean {
  return dataset === DEFAULT_DATASET && ['', dataset].includes(CONFIGURED_DATASET);
}

/** The dataset that the command line was about; null where it is none or several. */
export function datasetOf(program: Command): string | null {
  const command = program.commands.find((one) => one.name() === program.args[0]);
  const at = command?.registeredArguments.findIndex((one) => /^datasets?$/.test(one.name())) ?? -1;
  // `profile KEY` names none.
  if (command?.registeredArguments[at + 1]?.name() === 'key' && command.args.length < 2) return null;
  const names = [command?.processedArgs[at] ?? []].flat();
  return names.length === 1 ? names[0] : null;
}
