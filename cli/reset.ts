import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { datasetCommand } from './command.ts';
import { openCsv } from './export.ts';
import { print } from './output.ts';
import { type CommonOptions, openSession } from './session.ts';
import { isLogWiped, wipeStores } from './wipe.ts';

/**
 * `reset`: wipes log, lake, index and CSV file together, so that none of them remembers what another has
 * forgotten.
 */
export function resetCommand(): Command {
  return datasetCommand('reset', "wipe the dataset's log, lake and index together")
    .option('--yes', 'delete them (required); without it, only say what would be deleted')
    .action(async (name: string, options: CommonOptions & { yes?: boolean }) => {
      const session = await openSession(name, options, 'look');
      try {
        const csv = openCsv(session);
        const wiped = [
          ...(isLogWiped(session) ? [session.log.description] : []),
          `${session.store.description}, ${session.dataset.name}/`,
          ...session.publications.map(({ sink }) => sink.description),
          ...((await csv.exists()) ? [csv.description] : []),
        ];
        if (!options.yes)
          throw new UsageError(
            'reset:not_confirmed',
            `This would delete for good:\n  ${wiped.join('\n  ')}`,
            { hint: 'Say --yes (make reset YES=1) to do it.' },
          );
        // The first, as it is refused while an export writes it; alone, it would be exported again.
        await csv.wipe();
        await wipeStores(session);
        print(options.json ?? false, { wiped }, () => `wiped:\n  ${wiped.join('\n  ')}`);
      } finally {
        await session.close();
      }
    });
}
