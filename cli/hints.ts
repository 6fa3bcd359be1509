import type { Command } from 'commander';
import { DEFAULT_DATASET } from './command.ts';

const COMMAND = /\beventlake (reset|run|ingest|process|rejected|audit)\b/g;

/**
 * A hint names commands without a dataset: of another one than the default, its name belongs after them, or
 * `eventlake reset` would wipe the wrong lake.
 */
export function forDataset(hint: string, dataset: string | null): string {
  if (dataset === null || dataset === DEFAULT_DATASET) return hint;
  return hint.replace(COMMAND, (command, _name, at: number) => {
    const [next = ''] = /^ [^ `,;)]+/.exec(hint.slice(at + command.length)) ?? [];
    return next === ` ${dataset}` || next === ' <dataset>' ? command : `${command} ${dataset}`;
  });
}

/** The dataset that the command line was about; null where it is none or several. */
export function datasetOf(program: Command): string | null {
  const command = program.commands.find((one) => one.name() === program.args[0]);
  const at = command?.registeredArguments.findIndex((one) => /^datasets?$/.test(one.name())) ?? -1;
  const names = [command?.processedArgs[at] ?? []].flat();
  return names.length === 1 ? names[0] : null;
}
