import type { DeltaTable } from '../lake/table.ts';

/** How far back the table's history is read. */
const COMMITS = 1000;

/**
 * What other programs have done to the rows of a table, in words, newest first, with what repairs it. Only
 * commits that are still in the table's log are seen.
 */
export async function foreignChanges(table: DeltaTable): Promise<string[]> {
  const commits = await table.commits(COMMITS);
  return commits
    .filter(({ own, filesAdded, filesRemoved }) => !own && filesAdded + filesRemoved > 0)
    .map(
      ({ version, operation, engine, filesAdded, filesRemoved }) =>
        `table ${table.path} was changed by ${engine ?? 'another program'}: version ${version} (${operation}) removed ${filesRemoved} files and added ${filesAdded}. ` +
        `Restore version ${version - 1n} with that program, or start from the beginning: eventlake reset --yes, then eventlake run`,
    );
}
