import { inTransaction, type PostgresConnection } from './connection.ts';
import type { TableChanges } from './table-changes.ts';

/** A table's changes, and the version that they lead to. */
export interface NextVersion {
  readonly changes: TableChanges;
  readonly version: bigint;
}

/**
 * Brings tables to their next versions in one transaction: it locks each table's row in `eventlake_published`, continues only if that is still
 * what was found when the sink was opened, changes the tables where they differ, and records the versions. So readers see all old versions or
 * all new ones, and of two writers one is refused.
 *
 * Rows are stored in the order of the tables, so that one finds those that it refers to; rows that others refer to are deleted last.
 */
export async function finishTogether(
  connection: PostgresConnection,
  description: string,
  tables: readonly NextVersion[],
): Promise<void> {
  await connection.call(description, async (client) => {
    for (const { changes } of tables) await changes.copy(client);
    await inTransaction(client, async () => {
      const due: NextVersion[] = [];
      for (const next of tables) if (await next.changes.lock(client, next.version)) due.push(next);
      const referenced: TableChanges[] = [];
      for (const { changes } of due) {
        if (await changes.isReferenced(client)) referenced.push(changes);
        else await changes.remove(client);
        await changes.store(client);
      }
      for (const changes of referenced.reverse()) await changes.remove(client);
      for (const { changes, version } of due) await changes.recordVersion(client, version);
    });
    for (const { changes, version } of tables) await changes.finished(client, version);
  });
}
