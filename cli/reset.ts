import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { datasetCommand } from './command.ts';
import { print } from './output.ts';
import { type CommonOptions, openSession, type Session } from './session.ts';

const DELETED_AT_ONCE = 1000;

/** `reset`: wipes log, lake and index together, so that none of them remembers what another has forgotten. */
export function resetCommand(): Command {
  return datasetCommand('reset', "wipe the dataset's log, lake and index together")
    .option('--yes', 'really do it')
    .action(async (name: string, options: CommonOptions & { yes?: boolean }) => {
      const session = await openSession(name, options, 'look');
      try {
        const places = [
          session.log.description,
          `${session.store.description}, ${session.dataset.name}/`,
          session.index?.description,
        ];
        const wiped = places.filter((place) => place !== undefined);
        if (!options.yes)
          throw new UsageError(
            'reset:not_confirmed',
            `This would delete for good:\n  ${wiped.join('\n  ')}`,
            { hint: 'Say --yes (make reset YES=1) to do it.' },
          );
        // The log goes first: an interrupted reset leaves a lake that is refused until the reset is repeated, never one that is filled twice.
        await session.log.wipe();
        await wipeLake(session);
        await session.index?.wipe();
        print(options.json ?? false, { wiped }, () => `wiped:\n  ${wiped.join('\n  ')}`);
      } finally {
        await session.close();
      }
    });
}

async function wipeLake({ store, dataset }: Session): Promise<void> {
  let keys: string[] = [];
  for await (const { key } of store.list(`${dataset.name}/`)) {
    keys.push(key);
    if (keys.length < DELETED_AT_ONCE) continue;
    await store.delete(keys);
    keys = [];
  }
  await store.delete(keys);
}
