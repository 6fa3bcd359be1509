import { inTransaction, type OnStatement, type PostgresConnection } from './connection.ts';
import type { TableChanges } from './table-changes.ts';
import { type Turn, takeTurn } from './turn.ts';

/** A table's changes, in one part or several, and the version that they lead to. */
export interface NextVersion {
  readonly parts: readonly [TableChanges, ...TableChanges[]];
  readonly version: bigint;
}

/** Tables of one database that are finished together. */
export interface Finishing {
  /** For people. */
  readonly description: string;
  /** In the order in which they are published: a table after those that its rows refer to. */
  readonly tables: readonly NextVersion[];
  readonly turn: Turn;
  readonly onStatement?: OnStatement | undefined;
}

/**
 * Brings tables to their next versions in one transaction: it waits for its turn, locks each table's row in
 * `eventlake_published`, continues only if that is still what was found when the sink was opened, changes the
 * tables where they differ, and records the versions. So readers see all old versions or all new ones, and of
 * two writers one is refused.
 *
 * Rows are stored in the order of the tables, so that one finds those that it refers to; rows that others
 * refer to are deleted last.
 */
export async function finishTogether(
  connection: PostgresConnection,
  { description, tables, turn, onStatement }: Finishing,
): Promise<void> {
  const all = tables.map(({ parts: [changes], version }) => ({ changes, version }));
  await connection.call(description, async (client) => {
    for (const { changes } of all) await changes.copy(client);
    const work = async () => {
      await takeTurn(client, turn);
      const due: typeof all = [];
      for (const next of all) if (await next.changes.lock(client, next.version)) due.push(next);
      const referenced: TableChanges[] = [];
      for (const { changes } of due) {
        if (changes.isEmpty) await changes.fill(client);
        else {
          if (await changes.isReferenced(client)) referenced.push(changes);
          else await changes.remove(client);
          await changes.store(client);
        }
      }
      for (const changes of referenced.reverse()) await changes.remove(client);
      for (const { changes, version } of due) {
        if (changes.isEmpty) await changes.analyze(client);
        await changes.recordVersion(client, version);
      }
    };
    await inTransaction(client, work, onStatement);
    for (const { changes, version } of all) await changes.finished(client, version);
  });
}
